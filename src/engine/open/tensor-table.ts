/** A file of tensors whose flow is not known: it opens as what it is. */
import { several } from '../../base/text';
import type { TensorFile } from '../../checkpoint/import/types';
import type { BackendInfo, ModelOutline } from '../../protocol/model';
import type { Model } from '../model/model';
import { describeFile, shortCount } from '../model/summary';

/**
 * @param opened is closed with the model
 * @param reason why it cannot be run, and what to do
 */
export function openTensorTable(opened: TensorFile, backend: BackendInfo, reason: string): Model {
  const { file } = opened;
  const tensors = [...opened.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape: [...shape] }));
  const base = describeFile(file, { format: opened.container, bytes: opened.bytes, backend, tensors });
  const leftOut = opened.leftOut ? `\nNot shown: ${opened.leftOut.join(', ')}.` : '';
  const summary: ModelOutline = {
    ...base,
    subtitle: `${several(tensors.length, 'tensor')}, ${shortCount(base.parameterCount)} values`,
    reason: reason + leftOut,
  };
  return {
    file,
    tensorFile: opened,
    summary: () => Promise.resolve(summary),
    dispose: () => opened.close(),
  };
}
