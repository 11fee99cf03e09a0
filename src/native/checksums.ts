/** SHA-256 of what the native ladder downloads, by the file's name. */
import path from 'node:path';
import { sha256Of } from './manifest';

/** Libraries as their host publishes them; several package collections record these checksums. None is recorded for tfjs-node's add-ons. */
const published: Readonly<Record<string, string>> = {
  'libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz':
    '7f510d2546e3db5e10b1d119463689003d587842892ad3c95bca51cf82820173',
  'libtensorflow-cpu-darwin-x86_64-2.9.1.tar.gz':
    '56f83d3320ba0f69aaafd6c058645e1b7fbc75fb9a3fc36d6be98de1291ca226',
  'libtensorflow-cpu-windows-x86_64-2.9.1.zip':
    '56fa7e84c984144311563b405bd0e565568f3cbe2c15ac4713e9c8174a02b00f',
};

/** Set to 1 by a user who trusts the hosts of files that have no checksum here. */
export const unverifiedVariable = 'FLOWSCOPE_NATIVE_UNVERIFIED';

/** Checksum of the file at an address. */
export function knownChecksum(
  address: string,
  known: Readonly<Record<string, string>> = published,
): string | undefined {
  const name = path.posix.basename(new URL(address).pathname);
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

/** Before anything of it is downloaded. @throws Error for a file that could not be checked, unless the user trusts its host */
export function checkTrusted(
  address: string,
  known: Readonly<Record<string, string>> = published,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const { host, pathname, protocol } = new URL(address);
  const name = path.posix.basename(pathname);
  const checksum = knownChecksum(address, known);
  if (checksum !== undefined) return checksum;
  if (env[unverifiedVariable] !== '1')
    throw new Error(`no checksum of ${name} is known; ${unverifiedVariable}=1 trusts ${host} without one`);
  if (protocol !== 'https:')
    throw new Error(`${name} has no known checksum and is not taken over ${protocol}`);
  return undefined;
}

/** @throws Error when the file is not the one that was published */
export async function checkDownload(file: string, expected: string, signal?: AbortSignal): Promise<void> {
  const checksum = await sha256Of(file, signal);
  if (checksum !== expected)
    throw new Error(`${path.basename(file)} has checksum ${checksum}, expected ${expected}`);
}
