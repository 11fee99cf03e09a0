/** Which of two flows makes the same held-out examples likelier. */
import type { ModelSummary } from './model';

export interface PairedScoresQuery {
  /** Id of A, which the model that is asked (B) is compared with. */
  first: string;
}

export interface Estimate {
  mean: number;
  /** Standard error of the mean. */
  error: number;
}

export function estimateOf(values: Float32Array): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, n - 1) / n) };
}

export interface PairedScores {
  /** Validation examples that both were given, with the same noise; the same for both where both have some. */
  rows: number;
  /** Whose they are, where only one of the two knows its data. */
  of?: 'A' | 'B';
  unit: 'nats' | 'bits/dim';
  /** −log p. */
  a: Estimate;
  b: Estimate;
  /** log p of B less that of A, of the same example: positive where B is better. */
  difference: Estimate;
  /** Share of the examples of which B is better. */
  better: number;
}

/** Why −log p of two flows cannot be compared, the first that applies. */
export type Incomparable = 'features' | 'condition' | 'noData' | 'otherRows' | 'notFinite';

/** So many standard errors apart, one of them has won. */
const decisive = 2;

export const winnerOf = ({ difference: { mean, error } }: PairedScores): 'A' | 'B' | undefined =>
  Math.abs(mean) < decisive * error || mean === 0 ? undefined : mean > 0 ? 'B' : 'A';

type Described = Pick<ModelSummary, 'shape' | 'levels' | 'featureNames' | 'context'>;

/** What can be said before anything is computed; the names of the features are compared where both have them. */
export function whyApart(
  a: Described,
  b: Described,
): Extract<Incomparable, 'features' | 'condition'> | undefined {
  const same = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
  const [namesOfA, namesOfB] = [a.featureNames, b.featureNames];
  if (!same(a.shape, b.shape) || a.levels !== b.levels || (namesOfA && namesOfB && !same(namesOfA, namesOfB)))
    return 'features';
  const contextOf = ({ context }: Described) => [context?.names, context?.mean.length];
  return same(contextOf(a), contextOf(b)) ? undefined : 'condition';
}
