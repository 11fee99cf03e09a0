import { unzipSync } from 'fflate';

/** The .npy files of an .npz file, by their names without the ending. */
export function npzArrays(bytes: Uint8Array): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(unzipSync(bytes)).map(([name, content]) => [name.replace(/\.npy$/, ''), content]),
  );
}
