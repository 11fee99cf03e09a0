/** What the readers of all containers give: tensors by their names, and how one of them is read. */
import { UserError } from '../../base/user-error';
import type { TensorFile } from './types';

/** @param values of one of these, row-major; `where` is the file and the tensor, for messages */
export function tensorReader<T extends { dtype: string; shape: readonly number[] }>(
  file: string,
  stored: ReadonlyMap<string, T>,
  values: (tensor: T, where: string) => Float32Array | Promise<Float32Array>,
): Pick<TensorFile, 'tensors' | 'read'> {
  return {
    tensors: new Map([...stored].map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
    async read(name) {
      const tensor = stored.get(name);
      if (!tensor) throw new UserError(`${file}: holds no tensor "${name}".`);
      return { shape: [...tensor.shape], data: await values(tensor, `${file}: tensor "${name}"`) };
    },
  };
}
