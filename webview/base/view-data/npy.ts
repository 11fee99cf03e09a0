/** NumPy's array files, written by the page. The format is in "numpy.lib.format". */
import { zipSync } from 'fflate';

export interface FloatArray {
  shape: readonly number[];
  data: Float32Array;
}

/** Version 1.0, little-endian float32, row-major. Data start at a multiple of 64 bytes. */
export function npyBytes({ shape, data }: FloatArray): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const out = new Uint8Array(start + 4 * data.length);
  const text = `\x93NUMPY\x01\x00${String.fromCharCode((start - 10) & 255, (start - 10) >> 8)}${dict.padEnd(start - 11)}\n`;
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  const view = new DataView(out.buffer);
  data.forEach((value, i) => view.setFloat32(start + 4 * i, value, true));
  return out;
}

/** Several arrays under their names, as `numpy.savez` keeps them: an uncompressed zip of .npy files. */
export function npzBytes(arrays: Readonly<Record<string, FloatArray>>): Uint8Array {
  return zipSync(
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyBytes(array)])),
    { level: 0 },
  );
}
