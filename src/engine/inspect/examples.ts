import { UserError } from '../../base/user-error';
import { splitContext } from '../../data/context';
import type { ExamplePage, ExamplesQuery } from '../../protocol/inspect';
import { dataExamples, type ExampleBatch } from '../model/examples';
import { scoreRows } from '../use/score';
import type { Inquiry } from './inquiry';

/** A page of the data, fewer at their end. Scores are with the noise that the inspector gives each example. */
export async function examples(
  { model, signal }: Inquiry,
  { split, offset, count }: ExamplesQuery,
): Promise<ExamplePage> {
  const dataset = await model.data.open();
  const all = dataset[split];
  if (!Number.isInteger(offset) || offset < 0 || !Number.isInteger(count) || count < 1) {
    throw new UserError(
      `A page of ${count} examples from ${offset} was asked for; expected one or more, from 0.`,
    );
  }
  const n = Math.max(0, Math.min(count, all.count - offset));
  const indices = Array.from({ length: n }, (_, i) => offset + i);
  const scores = await scoreExamples({ model, signal }, split, offset, n);
  return {
    offset,
    total: all.count,
    values: { shape: [n, ...dataset.shape], data: splitContext(await all.read(indices), dataset).features },
    ...(all.labels ? { labels: indices.map((i) => all.labels!.at(i) ?? null) } : {}),
    ...scores,
  };
}

/** −ln p of a range of examples. */
export async function scoreExamples(
  { model, signal }: Inquiry,
  split: 'train' | 'validation',
  offset: number,
  count: number,
): Promise<{ nats: Float32Array; bitsPerDim?: Float32Array }> {
  if (count === 0) {
    const none = new Float32Array(0);
    return { nats: none, ...(model.config.kind === 'image' ? { bitsPerDim: none } : {}) };
  }
  return scoreBatch({ model, signal }, await dataExamples(model, split, offset, count));
}

/** −ln p of one or more examples. */
export async function scoreBatch({ model, signal }: Inquiry, batch: ExampleBatch) {
  const result = await scoreRows(model.runner, batch, { signal });
  return {
    nats: Float32Array.from(result.nats),
    ...(result.bitsPerDim ? { bitsPerDim: Float32Array.from(result.bitsPerDim) } : {}),
  };
}
