/** PyTorch's newer weight normalization is a parametrization, with names of its own for the same two tensors. */
import { renamed, type TensorFile } from './types';

const part = /\.parametrizations\.weight\.original([01])$/;

/** The same file with the older names, `weight_g` and `weight_v`. */
export function withWeightNormNames(file: TensorFile): TensorFile {
  if (![...file.tensors.keys()].some((name) => part.test(name))) return file;
  return renamed(file, (name) =>
    name.replace(part, (_, which: string) => (which === '0' ? '.weight_g' : '.weight_v')),
  );
}
