import { getSystemErrorMap } from 'node:util';

/** What the system says of a call that failed: "i/o error, EIO". Undefined for any other error. */
export function systemReason(error: Error): string | undefined {
  const { errno, code } = error as NodeJS.ErrnoException;
  const [name, words] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  // Numbers of zlib's errors are among those of the system.
  return name !== undefined && name === code ? `${words}, ${name}` : undefined;
}
