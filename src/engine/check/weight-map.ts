import { UserError } from '../../base/user-error';
import type { WeightMap } from '../../protocol/check';
import type { Weighed } from './weigh';
import { quantile } from './regression';
import { logEvidence, weightsOf } from '../../base/log-weights';

const sides = { least: 6, most: 26 };
/** Draws in a cell that is shown. */
const fewest = 12;
/** Share of the draws beyond each edge, and the room around the others. */
const edges = { beyond: 0.001, room: 0.08 };

/** @throws UserError for features that there are not */
export function weightMap(
  { x, count, logWeights }: Pick<Weighed, 'x' | 'count' | 'logWeights'>,
  features: [number, number],
  names: readonly string[],
): WeightMap {
  const size = x.length / count;
  const side = Math.min(sides.most, Math.max(sides.least, Math.floor(Math.sqrt(count / fewest))));
  if (features[0] === features[1] || features.some((d) => !Number.isInteger(d) || d < 0 || d >= size))
    throw new UserError(
      `A map of features ${features.join(' and ')} was asked for; expected two of 0 to ${size - 1}.`,
    );
  const weights = weightsOf(logWeights, logEvidence(logWeights).value);
  const range = features.map((d): [number, number] => {
    const sorted = Float64Array.from({ length: count }, (_, i) => x[i * size + d]!).sort();
    const [low, high] = [quantile(sorted, edges.beyond), quantile(sorted, 1 - edges.beyond)];
    const room = edges.room * (high - low) || 1;
    return [low - room, high + room];
  }) as [[number, number], [number, number]];
  const counts = new Int32Array(side * side);
  const sums = new Float64Array(side * side);
  for (let i = 0; i < count; i++) {
    const [column, row] = features.map((d, axis) => {
      const [low, high] = range[axis]!;
      return Math.floor(((x[i * size + d]! - low) / (high - low)) * side);
    }) as [number, number];
    if (Math.min(column, row) < 0 || Math.max(column, row) >= side) continue;
    counts[row * side + column]!++;
    sums[row * side + column]! += weights[i]!;
  }
  const cells = Float32Array.from(sums, (sum, i) => (counts[i]! < fewest ? NaN : Math.log(sum / counts[i]!)));
  return { features, names: [names[features[0]]!, names[features[1]]!], range, side, cells };
}
