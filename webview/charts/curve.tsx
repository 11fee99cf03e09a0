import { finiteExtent } from '../draw/planes';
import { count, logTicks, ticks, tickText } from '../format/numbers';
import { text } from '../strings';
import { linear, logarithmic } from './scale';

export interface Series {
  name: string;
  points: { x: number; y: number }[];
  style: 'line' | 'dots';
}

export interface CurveProps {
  width: number;
  height: number;
  series: Series[];
  log?: boolean;
  /** A vertical line, for the checkpoint that is open. */
  at?: number;
  label: string;
}

/** Values by training step. Outliers of the first steps are cut, so that the rest can be read. */
export function Curve({ width, height, series, log, at, label }: CurveProps) {
  const all = series.flatMap((s) => s.points).filter((p) => Number.isFinite(p.y) && (!log || p.y > 0));
  const xs = finiteExtent(all.map((p) => p.x));
  const sorted = all.map((p) => p.y).sort((a, b) => a - b);
  if (!xs || sorted.length === 0) return <p class="muted">{text.noValues}</p>;
  const top = sorted[Math.floor((sorted.length - 1) * (sorted.length > 20 ? 0.97 : 1))]!;
  const bottom = sorted[0]!;
  const margin = (top - bottom) * 0.06 || Math.abs(top) * 0.05 || 1;
  const left = 44;
  const base = height - 32;
  const x = linear(xs.low, xs.high === xs.low ? xs.low + 1 : xs.high, left, width - 8);
  const y = log
    ? logarithmic(bottom / 1.2, top * 1.2, base, 6)
    : linear(bottom - margin, top + margin, base, 6);
  const clip = (value: number): number => Math.max(4, Math.min(base, y.at(value)));
  const yTicks = log
    ? logTicks(y.low, y.high).map((value) => ({ value, text: tickText(value) }))
    : ticks(y.low, y.high, 4).map((value) => ({ value, text: tickText(value) }));
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      {yTicks.map((tick) => (
        <g key={tick.value}>
          <line class="grid" x1={left} x2={width} y1={y.at(tick.value)} y2={y.at(tick.value)} />
          <text x={left - 5} y={y.at(tick.value) + 4} text-anchor="end">
            {tick.text}
          </text>
        </g>
      ))}
      {ticks(x.low, x.high, Math.max(2, Math.floor(width / 90))).map((value) => (
        <text key={value} x={x.at(value)} y={base + 13} text-anchor="middle">
          {count(value)}
        </text>
      ))}
      <text x={(left + width) / 2} y={height - 3} text-anchor="middle">
        {text.stepAxis}
      </text>
      {at !== undefined && at >= x.low && at <= x.high ? (
        <line class="here" x1={x.at(at)} x2={x.at(at)} y1={4} y2={base} />
      ) : null}
      {series.map((s) =>
        s.style === 'line' ? (
          <path
            key={s.name}
            class="line"
            d={s.points
              .filter((p) => Number.isFinite(p.y) && (!log || p.y > 0))
              .map((p, i) => `${i ? 'L' : 'M'}${x.at(p.x).toFixed(1)} ${clip(p.y).toFixed(1)}`)
              .join('')}
          />
        ) : (
          <g key={s.name}>
            {s.points.map((p) =>
              Number.isFinite(p.y) ? (
                <circle key={p.x} class="bar" cx={x.at(p.x)} cy={clip(p.y)} r={1.3} />
              ) : null,
            )}
          </g>
        ),
      )}
    </svg>
  );
}
