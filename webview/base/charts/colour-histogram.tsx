/** A histogram on top of its own color bar: both share an axis. */
import type { Histogram } from '../../../src/protocol/tensors';
import { linear } from './scale';

export interface ColourHistogramProps {
  histogram: Histogram;
  low: number;
  high: number;
  width?: number;
  height?: number;
  mean?: number;
  label: string;
}

export function ColourHistogram({
  histogram,
  low,
  high,
  width = 128,
  height = 48,
  mean,
  label,
}: ColourHistogramProps) {
  const axis = linear(low, high, 0, width);
  const most = Math.max(1, ...histogram.counts);
  return (
    <svg
      class="histogram"
      width={width}
      height={height}
      role="img"
      aria-label={label}
      style={{ marginTop: '8px' }}
    >
      {histogram.counts.map((n, i) => {
        const from = axis.at(histogram.edges[i]!);
        const to = axis.at(histogram.edges[i + 1]!);
        const tall = (n / most) * (height - 2);
        return n > 0 && Number.isFinite(from + to) ? (
          <rect
            key={i}
            class="bar"
            x={from}
            width={Math.max(1, to - from - 0.5)}
            y={height - tall}
            height={tall}
          />
        ) : null;
      })}
      {mean !== undefined && Number.isFinite(mean) ? (
        <line class="dashed" x1={axis.at(mean)} x2={axis.at(mean)} y1={0} y2={height} />
      ) : null}
    </svg>
  );
}
