/** Lines of a chart at values, with their numbers. */
import { tickText } from '../format/numbers';

interface Grid {
  values: readonly number[];
  /** px of a value. */
  at(value: number): number;
  textOf?(value: number): string;
}

export interface ValueGridProps extends Grid {
  left: number;
  right: number;
  /** The value whose line is the axis. */
  axis?: number;
  /** px between a number and its line. */
  gap?: number;
}

/** Across the chart. */
export function ValueGrid({ values, at, textOf = tickText, left, right, axis, gap = 5 }: ValueGridProps) {
  return (
    <>
      {values.map((value) => (
        <g key={value}>
          <line class={value === axis ? 'axis' : 'grid'} x1={left} x2={right} y1={at(value)} y2={at(value)} />
          <text x={left - gap} y={at(value) + 4} text-anchor="end">
            {textOf(value)}
          </text>
        </g>
      ))}
    </>
  );
}

export interface PlaceGridProps extends Grid {
  /** px from the top of the numbers' baseline. */
  y: number;
  /** Ends of the lines, px from the top; without them there are numbers only. */
  ends?: readonly [number, number];
}

/** From foot to head. */
export function PlaceGrid({ values, at, textOf = tickText, y, ends }: PlaceGridProps) {
  return (
    <>
      {values.map((value) => (
        <g key={value}>
          {ends ? <line class="grid" x1={at(value)} x2={at(value)} y1={ends[0]} y2={ends[1]} /> : null}
          <text x={at(value)} y={y} text-anchor="middle">
            {textOf(value)}
          </text>
        </g>
      ))}
    </>
  );
}
