/** Files of tensors of any library, whatever their container. */
import { UserError } from '../base/user-error';
import { containerOf } from './container';
import { toFloat32 } from './tensors/dtypes';
import type { TensorFile } from './import/types';
import { openEqx } from './eqx/open-eqx';
import { openHdf5, openKeras } from './keras/open-keras';
import { openNpz } from './npz/open-npz';
import { openSafetensors } from './tensors/safetensors';
import { openShards, shardsOf } from './shards';
import { checkTensorNames } from './tensors/tensor-names';
import { openTorch } from './torch/open-torch';

/**
 * Opens a file, told apart by content; no tensor is read yet. A shard, or the index of several, stands for all of them.
 * `close` it.
 * @throws UserError when it is none that is known, is damaged, or is a kind of PyTorch file that is not read; it tells what to do
 */
export async function openTensorFile(file: string): Promise<TensorFile> {
  const shards = await shardsOf(file);
  const opened = shards ? await openShards(file, shards, openContainer) : await openContainer(file);
  try {
    checkTensorNames(file, opened.tensors.keys());
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openContainer(file: string): Promise<TensorFile> {
  switch (await containerOf(file)) {
    case 'torch':
    case 'pickle':
      return openTorch(file);
    case 'eqx':
      return openEqx(file);
    case 'hdf5':
      return openHdf5(file);
    case 'keras':
      return openKeras(file);
    case 'npz':
      return openNpz(file);
    case undefined:
      return openTensors(file);
  }
}

async function openTensors(file: string): Promise<TensorFile> {
  const opened = await openSafetensors(file);
  return {
    file,
    container: 'safetensors',
    bytes: opened.bytes,
    tensors: opened.tensors,
    extras: opened.metadata,
    async read(name) {
      const entry = opened.tensors.get(name);
      if (!entry) throw new UserError(`${file}: holds no tensor "${name}".`);
      const data = toFloat32(await opened.readBytes(name), entry.dtype, `${file}: tensor "${name}"`);
      return { shape: [...entry.shape], data };
    },
    close: () => opened.close(),
  };
}
