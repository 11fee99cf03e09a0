import { getSystemErrorMap } from 'node:util';

/** What the system says of a call that failed: "i/o error, EIO". Undefined for any other error. */
export function systemReason(error: Error): string | undefined {
  const { errno, code } = error as NodeJS.ErrnoException;
  const [name, words] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  // zlib's error numbers are also error numbers of the system.
  return name !== undefined && name === code ? `${words}, ${name}` : undefined;
}
