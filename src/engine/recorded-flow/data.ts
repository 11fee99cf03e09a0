/** The batch of a recording as the data of its model: held out, in its order. */
import type { Recording } from '../../checkpoint/recording/read';
import { UserError } from '../../base/user-error';
import { interleave } from '../../data/context';
import { checkIndices, indexRange, type Dataset, type Split } from '../../data/dataset';
import type { ModelData } from '../model/model-data';
import { gathered, rowSize } from './rows';

export function recordedData(recording: Recording): ModelData {
  const { file, x, count, shape, about, context } = recording;
  const contextSize = context ? rowSize(context) : 0;
  const size = rowSize(x) + contextSize;
  const read: Split['read'] = async (given) => {
    const indices = Array.from(given);
    checkIndices(indices, count);
    const rows = gathered(x, indices);
    return context ? interleave(rows, rowSize(x), gathered(context, indices), contextSize) : rows;
  };
  const split = (held: number): Split => ({
    count: held,
    size,
    read,
    async *scan() {
      if (held > 0) yield await read(indexRange(0, held));
    },
  });
  const dataset: Dataset = {
    kind: shape.length === 1 ? 'vector' : 'image',
    name: 'recorded batch',
    shape,
    train: split(0),
    validation: split(count),
    ...(about.featureNames ? { featureNames: about.featureNames } : {}),
    ...(context ? { contextSize } : {}),
    provenance: { source: file, rows: count, note: 'the batch of the recording' },
    close: () => Promise.resolve(),
  };
  return {
    splits: () => Promise.resolve({ splits: [{ name: 'validation', count }] }),
    open: () => Promise.resolve(dataset),
    close: () => Promise.resolve(),
    openFile: () =>
      Promise.reject(
        new UserError(
          `${file}: is a recording; its flow cannot be run on other data. Record it with these data.`,
        ),
      ),
    closeFiles: () => Promise.resolve(),
  };
}
