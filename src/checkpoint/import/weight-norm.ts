/** PyTorch's newer weight normalization is a parametrization, with names of its own for the same two tensors. */
import type { TensorFile } from './types';

const renamed = /\.parametrizations\.weight\.original([01])$/;

/** The same file with the older names, `weight_g` and `weight_v`. */
export function withWeightNormNames(file: TensorFile): TensorFile {
  const original = new Map<string, string>();
  const tensors = new Map(
    [...file.tensors].map(([name, entry]) => {
      const known = name.replace(renamed, (_, which: string) => (which === '0' ? '.weight_g' : '.weight_v'));
      if (known !== name) original.set(known, name);
      return [known, entry];
    }),
  );
  if (original.size === 0) return file;
  return { ...file, tensors, read: (name) => file.read(original.get(name) ?? name) };
}
