/** What weights and rows of the target say of each feature of a flow. */
import { tailErrors, tailRoom, tailShare, type CheckedFeature, type TailRatio } from '../../protocol/check';
import { quantile } from './regression';
import type { Weighed } from './weigh';

interface FeatureChoice {
  name: string;
  feature: number;
  size: number;
  rows?: Float32Array | undefined;
}

export function featureOf(
  { x, count }: Weighed,
  weights: Float64Array,
  choice: FeatureChoice,
): CheckedFeature {
  const { name, feature, size, rows } = choice;
  const values = Float64Array.from({ length: count }, (_, i) => x[i * size + feature]!);
  const sorted = values.slice().sort();
  const total = weights.reduce((a, b) => a + b, 0);
  const ofRows =
    rows && Float64Array.from({ length: rows.length / size }, (_, i) => rows[i * size + feature]!);
  const tail = (end: TailRatio['end']): TailRatio => {
    const at = quantile(sorted, end === 'lowest' ? tailShare : 1 - tailShare);
    const isBeyond = (value: number): boolean => (end === 'lowest' ? value < at : value > at);
    const beyond = values.reduce((sum, value) => sum + (isBeyond(value) ? 1 : 0), 0) / count;
    const mass = values.reduce((sum, value, i) => sum + (isBeyond(value) ? weights[i]! : 0), 0) / total;
    const squares = values.reduce(
      (sum, value, i) => sum + (weights[i]! * ((isBeyond(value) ? 1 : 0) - mass)) ** 2,
      0,
    );
    const chance = Math.sqrt(tailShare / count) / tailShare;
    const unit = Math.max(beyond, 1 / count);
    const byWeights = { ratio: mass / unit, error: Math.sqrt(squares) / total / unit };
    const off = ({ ratio, error }: { ratio: number; error: number }): boolean =>
      Math.abs(ratio - 1) > Math.max(tailRoom(count), tailErrors * error);
    if (!ofRows) return { end, at, byWeights, off: off(byWeights) };
    const found = ofRows.reduce((sum, value) => sum + (isBeyond(value) ? 1 : 0), 0) / ofRows.length;
    const spread = Math.sqrt(Math.max(found, tailShare) / ofRows.length) / tailShare;
    const byRows = { ratio: found / tailShare, error: Math.hypot(spread, (chance * found) / tailShare) };
    return { end, at, byWeights, byRows, off: off(byWeights) || off(byRows) };
  };
  const moments = (weight: (i: number) => number): { mean: number; deviation: number } => {
    let [sum, first] = [0, 0];
    values.forEach((value, i) => {
      sum += weight(i);
      first += weight(i) * value;
    });
    const mean = first / sum;
    const second = values.reduce((all, value, i) => all + weight(i) * (value - mean) ** 2, 0);
    return { mean, deviation: Math.sqrt(second / sum) };
  };
  const [flow, target] = [moments(() => 1), moments((i) => weights[i]!)];
  return {
    ...{ name, feature, tails: [tail('lowest'), tail('highest')] },
    mean: { flow: flow.mean, target: target.mean },
    deviation: { flow: flow.deviation, target: target.deviation },
  };
}
