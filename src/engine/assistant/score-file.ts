import { countNonFinite } from '../../base/finite';
import { UserError } from '../../base/user-error';
import type { ModelFile } from '../../checkpoint/model-file';
import type { ScoreFileQuery, ScoreReport } from '../../protocol/assistant';
import { openRunner, type Opening } from '../open/open-runner';
import { sizeOf } from '../../base/shape';
import { score } from '../use/score';
import { examplesToScore } from '../use/scored-examples';

const probabilities = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/**
 * Scores examples as `flowscope score` does, and says how they spread and which are the least likely.
 * @throws UserError for a model without a likelihood or examples that do not fit it, CancelledError
 */
export async function scoreFile(
  query: ScoreFileQuery,
  model: ModelFile,
  opening: Omit<Opening, 'note'>,
  signal: AbortSignal,
): Promise<ScoreReport> {
  const { draws, seed, leastLikely, input, split } = query;
  const notes: string[] = [];
  const opened = await openRunner({ ...opening, note: (text) => notes.push(text) }, model, 'forward');
  const { runner, file } = opened;
  const origin = opened.model?.header.origin;
  if (origin && origin.assumptions.length > 0) {
    notes.push(`Not in the file: ${origin.assumptions.join('; ')}.`);
  }
  if (runner.lacksLogDet) {
    throw new UserError(
      `${file}: computes no log-det, without which there is no likelihood; use another file.`,
    );
  }
  const examples = await examplesToScore(opened, { ...query, space: 'data' });
  // Only integer pixels get noise; all other examples would score the same each time.
  const result = await score(runner, examples, { draws: examples.noisy ? draws : 1, signal });
  const unit = result.bitsPerDim ? 'bits/dim' : 'nats';
  const values = result.bitsPerDim ?? result.nats;
  const order = unlikelyFirst(values);
  return {
    model: file,
    examples: input ?? `${split} data of the run`,
    count: examples.count,
    dimensions: sizeOf(runner.inputShape),
    unit,
    mean: result.mean,
    quantiles: probabilities.map((probability) => ({
      probability,
      value: values[order[order.length - 1 - Math.round(probability * (order.length - 1))]!]!,
    })),
    leastLikely: [...order.slice(0, leastLikely)].map((index) => ({ index, value: values[index]! })),
    nonFinite: countNonFinite(values),
    ...(examples.noisy ? { noise: { draws, seed } } : {}),
    notes,
  };
}

/** Places of the values from the largest to the smallest; NaN counts as the largest. */
function unlikelyFirst(values: Float64Array): Int32Array {
  const rank = (value: number): number => (Number.isNaN(value) ? Infinity : value);
  return Int32Array.from(values.keys()).sort((a, b) => {
    const [left, right] = [rank(values[a]!), rank(values[b]!)];
    return left === right ? a - b : right - left;
  });
}
