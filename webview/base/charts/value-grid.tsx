/** Lines across a chart at round values, each with its number; the one of zero is the axis. */
import { tickText, ticks } from '../format/numbers';

export interface ValueGridProps {
  low: number;
  high: number;
  /** About this many lines. */
  wanted: number;
  /** px from the top of a value. */
  at(value: number): number;
  left: number;
  right: number;
}

export function ValueGrid({ low, high, wanted, at, left, right }: ValueGridProps) {
  return (
    <>
      {ticks(low, high, wanted).map((value) => (
        <g key={value}>
          <line class={value === 0 ? 'axis' : 'grid'} x1={left} x2={right} y1={at(value)} y2={at(value)} />
          <text x={left - 5} y={at(value) + 4} text-anchor="end">
            {tickText(value)}
          </text>
        </g>
      ))}
    </>
  );
}
