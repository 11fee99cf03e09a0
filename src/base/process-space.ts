import { readlinkSync } from 'node:fs';

/** The namespace that process ids count in (Linux): containers share folders and may share a host name. */
export function processSpace(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined;
  }
}
