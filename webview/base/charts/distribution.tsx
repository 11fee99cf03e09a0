/** How values of a batch are spread, with one of them marked. */
import { finiteExtent } from '../canvas/planes';
import { fixed, logTicks, ticks, tickText } from '../format/numbers';
import { binned } from './bins';
import type { Histogram } from '../../../src/protocol/tensors';
import { linear, logarithmic, spaced, widest, type Axis, type Size } from './scale';
import { PlaceGrid } from './value-grid';

export interface DistributionProps extends Size {
  /** Drawn filled. */
  values?: ArrayLike<number>;
  /** Drawn as an outline. */
  outline?: ArrayLike<number>;
  /** Drawn as an outline of dashes. */
  dashed?: ArrayLike<number>;
  marked?: { value: number; text: string };
  unit: string;
  label: string;
  /** Values are −log p: drawn as log p, likelier to the right, with a log axis when the spread calls for one. */
  negated?: boolean;
  nothing: string;
}

const left = 6;

export function Distribution({
  width,
  height,
  values,
  outline,
  dashed,
  marked,
  unit,
  label,
  negated = false,
  nothing,
}: DistributionProps) {
  const all = [
    ...[values, outline, dashed].flatMap((series) => Array.from(series ?? [])),
    ...(marked ? [marked.value] : []),
  ];
  const extent = finiteExtent(all);
  if (!extent) return <p class="muted">{nothing}</p>;
  const log = negated && extent.low > 0 && extent.high / extent.low > 5;
  const margin = log ? 0 : (extent.high - extent.low) * 0.04 || 0.5;
  const low = extent.low - margin;
  const high = extent.high + margin;
  const bins = Math.max(12, Math.min(48, Math.round(width / 6)));
  const [from, to] = negated ? [width - left, left] : [left, width - left];
  return (
    <Histograms
      {...{ width, height, label, negated }}
      x={(log ? logarithmic : linear)(low, high, from, to)}
      candidates={log ? logTicks(low, high) : ticks(low, high, Math.max(3, Math.floor(width / 45)))}
      {...(values ? { filled: binned(values, low, high, bins, log) } : {})}
      {...(outline ? { line: binned(outline, low, high, bins, log) } : {})}
      {...(dashed?.length ? { dashes: binned(dashed, low, high, bins, log) } : {})}
      {...(marked ? { marked } : {})}
      unit={log ? `${unit}, log axis` : unit}
    />
  );
}

interface HistogramsProps extends Pick<
  DistributionProps,
  'width' | 'height' | 'marked' | 'unit' | 'label' | 'negated'
> {
  x: Axis;
  /** Ticks, where they have room. */
  candidates: readonly number[];
  filled?: Histogram;
  line?: Histogram;
  dashes?: Histogram;
}

/** The same where values are counted already. */
export function Histograms({
  width,
  height,
  x,
  candidates,
  filled,
  line,
  dashes,
  marked,
  unit,
  label,
  negated = false,
}: HistogramsProps) {
  const base = height - (unit ? 32 : 17);
  const sign = negated ? -1 : 1;
  // All are shares of their own set, so that sets of different size compare.
  const share = (histogram: { counts: number[] }): number => histogram.counts.reduce((a, b) => a + b, 0) || 1;
  const most = Math.max(
    ...[filled, line, dashes].flatMap((h) => (h ? h.counts.map((n) => n / share(h)) : [])),
    1e-9,
  );
  const y = linear(0, most, base, 20);
  const outlineOf = (histogram: { edges: number[]; counts: number[] }): string =>
    `M${x.at(histogram.edges[0]!).toFixed(1)} ${base}${histogram.counts
      .map((n, i) => `V${y.at(n / share(histogram)).toFixed(1)}H${x.at(histogram.edges[i + 1]!).toFixed(1)}`)
      .join('')}V${base}`;
  const tickLabel = (value: number): string => tickText(sign * value);
  const room = widest(candidates.map(tickLabel));
  const tickValues = spaced(
    candidates.filter((value) => x.at(value) >= room / 2 && x.at(value) <= width - room / 2),
    x,
    room + 4,
  );
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      {filled?.counts.map((n, i) =>
        n ? (
          <rect
            key={i}
            class="fill"
            x={Math.min(x.at(filled.edges[i]!), x.at(filled.edges[i + 1]!))}
            width={Math.max(1, Math.abs(x.at(filled.edges[i + 1]!) - x.at(filled.edges[i]!)) - 0.5)}
            y={y.at(n / share(filled))}
            height={base - y.at(n / share(filled))}
          />
        ) : null,
      )}
      {line ? <path class="line" d={outlineOf(line)} /> : null}
      {dashes ? <path class="line dashed" data-name="dashed" d={outlineOf(dashes)} /> : null}
      <line class="axis" x1={left} x2={width - 6} y1={base} y2={base} />
      <PlaceGrid values={tickValues} at={x.at} textOf={tickLabel} y={base + 13} />
      <text x={width / 2} y={base + 28} text-anchor="middle">
        {unit}
      </text>
      {marked && Number.isFinite(marked.value) ? (
        <g>
          <line class="here" x1={x.at(marked.value)} x2={x.at(marked.value)} y1={16} y2={base} />
          <text
            class="fg"
            x={Math.min(width - 40, Math.max(40, x.at(marked.value)))}
            y={11}
            text-anchor="middle"
          >{`${marked.text}, ${fixed(sign * marked.value, 2)}`}</text>
        </g>
      ) : null}
    </svg>
  );
}
