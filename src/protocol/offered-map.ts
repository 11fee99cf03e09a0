import type { NumberSummary } from './data';

/** Bounds of angles and of hours; a column that ends at both is taken for a circle. */
const turns = [[0, 360], [-180, 180], [0, 6.283186], [-3.141593, 3.141593], [0, 24]] as const; // prettier-ignore

/**
 * The transform with which samples of a column stay where its values are, as a config writes it; its bounds are beyond all
 * values. Undefined where none fits: only the largest values end, or many are the limit itself.
 */
export function offeredMap({
  min,
  max,
  findings = [],
  wholeNumbers,
}: Pick<NumberSummary, 'min' | 'max' | 'findings' | 'wholeNumbers'>): string | undefined {
  const isHeavy = findings.some(({ kind }) => kind === 'heavy tail') && min >= 0;
  const limits = findings.find((one) => one.kind === 'limits');
  if (wholeNumbers !== undefined) {
    if (min === 0 && [23, 359].includes(max) && wholeNumbers === max + 1)
      return `dequantize:circular:0:${max}`;
    if (limits?.low && limits.high) return `dequantize:logit:${min}:${max}`;
    if (limits?.low) return `dequantize:log:${min}`;
    return isHeavy || min === 0 ? 'dequantize:log' : 'dequantize';
  }
  if (isHeavy) return min > 0 ? 'log' : 'log:-1';
  if (!limits?.low || (limits.low.share ?? limits.high?.share) !== undefined) return undefined;
  const { low, high } = limits;
  const turn = turns.find(
    ([from, to]) => high && min >= from && min - from < to / 100 && max <= to && to - max < to / 100,
  );
  if (turn) return `circular:${turn.join(':')}`;
  const step = (max - min) / 1000;
  const short = (value: number): number => Number(value.toPrecision(4));
  const from = low.value < min ? low.value : short(min - step);
  if (!high) return from === 0 ? 'log' : `log:${from}`;
  return `logit:${from}:${high.value > max ? high.value : short(max + step)}`;
}
