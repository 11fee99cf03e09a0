/** How likely the examples of a split or of the user's own data are, and the examples themselves. */
import { ignoreUserError, UserError } from '../../../base/user-error';
import type {
  PickedExamples,
  PickedQuery,
  PopulationRef,
  Scores,
  ScoresQuery,
} from '../../../protocol/population';
import { CancelledError } from '../../../protocol/wire';
import { batchSize, exampleShape } from '../../model/latents';
import { cropImages } from '../../model/inputs';
import { examplesAt, fileExamples } from '../../model/examples';
import { spread } from '../../../data/dataset';
import { lookedAt, splitDistribution } from './diagnostics';
import { scoreBatch } from '../examples';
import { breathe } from '../../model/breathe';
import { checkWhole, type Inquiry, type SharedInquiry } from '../inquiry';

/** Examples that are scored between two answers. */
const block = 64;
const mostPicked = 256;

/**
 * A split is scored at once, as far as its distribution is drawn; other data block by block, spread evenly over all of
 * them, so that the page can say how far it is.
 * @throws UserError when the data cannot be read, or nothing of a block can; CancelledError
 */
export async function scores(inquiry: SharedInquiry, { source, start }: ScoresQuery): Promise<Scores> {
  const { model, signal } = inquiry;
  checkSource(source);
  if (source.kind === 'split') {
    const { count: total } = (await model.data.open())[source.split];
    const values = await splitDistribution(inquiry, source.split, total, 'eval');
    return {
      total,
      planned: values.length,
      next: values.length,
      indices: Int32Array.from(values, (_, i) => i),
      scores: values,
      unreadable: 0,
    };
  }
  const { count: total } = await model.data.openFile(source.path, model.config);
  const all = spread(lookedAt(model), total);
  checkWhole(start, 0, all.length, `Scores from ${start} on were asked for; expected`);
  const size = Math.min(block, batchSize(model.runner));
  const rowIndices = all.slice(start, start + size);
  const next = start + rowIndices.length;
  await breathe(signal);
  const { batch, indices, reason } = await readable(inquiry, source.path, rowIndices);
  const { nats, bitsPerDim } = await scoreBatch(inquiry, batch);
  const unreadable = rowIndices.length - indices.length;
  return {
    total,
    planned: all.length,
    next,
    indices: Int32Array.from(indices),
    scores: bitsPerDim ?? nats,
    unreadable,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** One damaged picture among many is left out and counted. */
async function readable({ model, signal }: Inquiry, path: string, rowIndices: readonly number[]) {
  try {
    return { batch: await fileExamples(model, path, rowIndices, signal), indices: [...rowIndices] };
  } catch (error) {
    if (signal.aborted) throw new CancelledError();
    if (!(error instanceof UserError)) throw error;
    const good: number[] = [];
    for (const index of rowIndices) {
      await breathe(signal);
      const fine = await fileExamples(model, path, [index], signal).catch(ignoreUserError);
      if (fine) good.push(index);
    }
    if (good.length === 0) throw error;
    return { batch: await fileExamples(model, path, good, signal), indices: good, reason: error.message };
  }
}

/** @throws UserError for examples that do not exist */
export async function pickExamples(
  { model, signal }: Inquiry,
  { source, indices }: PickedQuery,
): Promise<PickedExamples> {
  checkSource(source);
  if (indices.length > mostPicked)
    throw new UserError(`${indices.length} examples were asked for at once; expected up to ${mostPicked}.`);
  const { count, shown } =
    source.kind === 'file'
      ? await fileExamples(model, source.path, indices, signal)
      : await examplesAt(model, source.split, indices, signal);
  const data = cropImages(shown, count, model.config);
  return { values: { shape: [count, ...exampleShape(model.runner)], data } };
}

const splits: readonly string[] = ['train', 'validation'];

function checkSource(source: PopulationRef): void {
  if (source.kind === 'file' ? source.path !== '' : splits.includes(source.split)) return;
  throw new UserError('Examples of an unknown source were asked for; expected train, validation or a file.');
}
