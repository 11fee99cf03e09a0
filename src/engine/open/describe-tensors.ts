import { parameterCount } from '../model/layer-list';
import type { TensorFile } from '../../checkpoint/import/types';
import { tensorStatistics } from '../inspect/tensor-statistics';
import type { ModelDescription, DescribedTensor } from './description';

/** A file of tensors whose flow is not known. Reads all of it, for the statistics. */
export async function describeTensors(opened: TensorFile, reason: string): Promise<ModelDescription> {
  const statistics = await tensorStatistics(opened, [...opened.tensors.keys()]);
  const tensors = statistics.map(({ name, ...rest }): DescribedTensor => {
    const { dtype, shape } = opened.tensors.get(name)!;
    return { name, dtype, shape: [...shape], ...rest };
  });
  return {
    file: opened.file,
    format: opened.container,
    bytes: opened.bytes,
    parameterCount: parameterCount(tensors),
    tensorCount: tensors.length,
    layers: [],
    tensors,
    ...(Object.keys(opened.extras).length > 0 ? { extras: opened.extras } : {}),
    note: opened.leftOut ? `${reason} Not shown: ${opened.leftOut.join(', ')}.` : reason,
  };
}
