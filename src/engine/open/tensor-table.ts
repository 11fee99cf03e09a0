/** A file of tensors whose flow is not known: it opens as what it is. */
import { several } from '../../base/text';
import { openTensorFile } from '../../checkpoint/tensor-file';
import type { BackendInfo, ModelOutline } from '../../protocol/model';
import type { Model } from '../model/model';
import { describeFile, shortCount } from '../model/summary';

/** @param reason why it cannot be run, and what to do */
export async function openTensorTable(file: string, backend: BackendInfo, reason: string): Promise<Model> {
  const opened = await openTensorFile(file);
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
