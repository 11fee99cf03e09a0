/** Measurements of a run, or of two, by step or by seconds, with a readout under the pointer. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { ticks } from '../../../src/base/ticks';
import { compact, count, logTicks, nextRound, tickText } from '../format/numbers';
import { finiteExtent } from '../canvas/planes';
import { Sized } from '../size/sized';
import { words } from '../words';
import { Plot, Rule } from './chart';
import { linePath } from './decimate';
import { linear, logarithmic, spaced, widest, type Axis, type Size } from './scale';

export interface RunLine {
  name: string;
  /** `main` is drawn strong, `faint` thin; `other` belongs to the run that is compared with. */
  style: 'main' | 'faint' | 'other' | 'other-faint';
  /** Steps or seconds, ascending. */
  x: ArrayLike<number>;
  /** NaN where nothing was measured. */
  y: Float32Array;
}

export interface RunChartProps {
  /** px; without it, as high as there is room. */
  height?: number;
  lines: readonly RunLine[];
  axis: 'step' | 'time';
  log?: boolean;
  smoothing?: number;
  /** Where the horizontal axis ends, from 0, while a training goes on; without it, the axis is what was measured. */
  end?: number;
  /** Where the checkpoint that is shown lies, on the horizontal axis. */
  at?: number;
  /** Where the learning rate was changed by hand. */
  marks?: readonly { x: number; text: string }[];
  label: string;
}

const foot = 32;

/** Values that decide the vertical axis: outliers of the first steps are cut, so that the rest can be read. */
function extentOf(lines: readonly RunLine[], log: boolean): { low: number; high: number } | undefined {
  const total = lines.reduce((sum, { y }) => sum + y.length, 0);
  const values = new Float32Array(total);
  let n = 0;
  for (const { y } of lines)
    for (let i = 0; i < y.length; i++) {
      const value = y[i]!;
      if (Number.isFinite(value) && (!log || value > 0)) values[n++] = value;
    }
  if (n === 0) return undefined;
  const sorted = values.subarray(0, n).sort();
  return { low: sorted[0]!, high: sorted[Math.floor((n - 1) * (n > 20 ? 0.97 : 1))]! };
}

export function RunChart({ height, ...chart }: RunChartProps) {
  return <Sized height={height}>{(width, tall) => <Curves {...chart} width={width} height={tall} />}</Sized>;
}

function Curves(props: Omit<RunChartProps, 'height'> & Size) {
  const { width, height, lines, axis, log = false, smoothing = 0, end, at, marks = [], label } = props;
  const hover = useSignal<number | undefined>(undefined);
  const base = height - foot;
  const drawn = useMemo(() => {
    const values = extentOf(lines, log);
    if (!values) return undefined;
    const ends = lines.flatMap(({ x }) => [x[0] ?? NaN, x[x.length - 1] ?? NaN]);
    const measured = finiteExtent(ends) ?? { low: 0, high: 1 };
    const single = measured.high === measured.low;
    const xs = end === undefined && !single ? measured : { low: 0, high: end ?? nextRound(measured.high) };
    const margin = (values.high - values.low) * 0.06 || Math.abs(values.high) * 0.05 || 1;
    const y = log
      ? logarithmic(values.low / 1.2, values.high * 1.2, base, 14)
      : linear(values.low - margin, values.high + margin, base, 14);
    const yTicks = spaced(
      log ? logTicks(y.low, y.high) : ticks(y.low, y.high, Math.max(3, Math.floor(base / 30))),
      y,
      14,
    );
    const left = Math.max(52, widest(yTicks.map(tickText)) + 8);
    const x = linear(xs.low, xs.high, left, width - 8);
    const clip = (pixel: number): number => Math.max(4, Math.min(base, pixel));
    const positive = (ys: Float32Array): Float32Array => (log ? ys.map((v) => (v > 0 ? v : NaN)) : ys);
    const paths = lines.flatMap((line) => {
      const usable = positive(line.y);
      const strong = {
        name: line.name,
        style: line.style,
        d: linePath(line.x, smoothed(usable, smoothing), x, y, clip),
      };
      // Smoothing hides how much the values move, so they stay behind it.
      return smoothing > 0
        ? [{ name: `${line.name} `, style: 'raw', d: linePath(line.x, usable, x, y, clip) }, strong]
        : [strong];
    });
    return { x, y, yTicks, left, paths, clip };
  }, [lines, log, smoothing, end, width, height]);
  if (!drawn) return <p class="muted">{words.noMetricsWhy}</p>;
  const { x, y, yTicks, left, paths, clip } = drawn;
  const place = hover.value;
  const found = place === undefined ? undefined : readAt(lines, place, smoothing);
  const move = (event: KeyboardEvent): void => {
    const from = place ?? at ?? x.high;
    const step = (x.high - x.low) / 60;
    const to = { ArrowLeft: from - step, ArrowRight: from + step, Home: x.low, End: x.high }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    hover.value = Math.min(x.high, Math.max(x.low, to));
  };
  return (
    <div
      class="run-chart"
      tabIndex={0}
      role="group"
      aria-label={`${label}. ${words.curvesHint}`}
      onKeyDown={move}
      onBlur={() => (hover.value = undefined)}
      onPointerMove={(event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const share = (event.clientX - box.left - left) / (width - 8 - left);
        hover.value = share < 0 || share > 1 ? undefined : x.low + share * (x.high - x.low);
      }}
      onPointerLeave={() => (hover.value = undefined)}
    >
      <Plot
        {...{ width, height, label, left }}
        {...{ right: 8, top: 14 }}
        x={{
          ...{ low: x.low, high: x.high, textOf: count },
          ticks: () => ticks(x.low, x.high, Math.max(3, Math.floor(width / 60))),
          title: axis === 'step' ? words.stepAxis : words.timeAxis,
        }}
        y={{ low: y.low, high: y.high, scale: log ? logarithmic : linear, ticks: () => yTicks }}
      >
        {marks.map((mark) => (
          <g key={mark.x} class="rate-mark">
            <Rule x={mark.x} />
            <title>{mark.text}</title>
          </g>
        ))}
        {at !== undefined && at >= x.low && at <= x.high ? <Rule class="here" data-here x={at} /> : null}
        {paths.map((path) => (
          <path key={path.name} class={`line run-line ${path.style}`} data-line={path.name} d={path.d} />
        ))}
        {lines.map((line) => (
          <Alone key={line.name} line={line} x={x} y={y} log={log} width={width} />
        ))}
        {found ? (
          <>
            <Rule class="axis" x={found.x} />
            {found.values.map(({ name, x: dotX, value }) =>
              !log || value > 0 ? (
                <circle key={name} class="dot" cx={x.at(dotX)} cy={clip(y.at(value))} r={2.6} />
              ) : null,
            )}
          </>
        ) : null}
      </Plot>
      <output class="run-readout ellipsis tick" aria-live="off">
        {found
          ? [
              axis === 'step' ? words.readoutStep(Math.round(found.x)) : words.seconds(found.x),
              ...found.values.map(({ name, value }) => `${name} ${compact(value)}`),
            ].join(' · ')
          : ''}
      </output>
    </div>
  );
}

/** A line of one point, which no path shows: a dot with its value. */
function Alone({ line, x, y, log, width }: { line: RunLine; x: Axis; y: Axis; log: boolean; width: number }) {
  const usable = [...line.y.keys()].filter((i) => Number.isFinite(line.y[i]!) && (!log || line.y[i]! > 0));
  const at = usable[0];
  if (at === undefined || usable.length > 1) return null;
  const [across, down] = [x.at(line.x[at]!), y.at(line.y[at]!)];
  const left = across > width / 2;
  return (
    <>
      <circle class="dot" data-alone={line.name} cx={across} cy={down} r={3} />
      <text x={across + (left ? -7 : 7)} y={Math.max(12, down - 7)} text-anchor={left ? 'end' : 'start'}>
        {compact(line.y[at])}
      </text>
    </>
  );
}

/** What each line says nearest to a place, and x of the nearest row of all; smoothed lines say what is drawn. */
export function readAt(lines: readonly RunLine[], place: number, smoothing = 0) {
  const values = lines.flatMap((line) => {
    const ys = smoothed(line.y, smoothing);
    const at = nearest(line.x, ys, place);
    return at < 0 ? [] : [{ name: line.name, x: line.x[at]!, value: ys[at]! }];
  });
  const [closest] = values.toSorted((a, b) => Math.abs(a.x - place) - Math.abs(b.x - place));
  return closest && { x: closest.x, values };
}

function nearest(xs: ArrayLike<number>, ys: Float32Array, place: number): number {
  let best = -1;
  for (let i = 0; i < ys.length; i++) {
    if (!Number.isFinite(ys[i]!)) continue;
    if (best < 0 || Math.abs(xs[i]! - place) <= Math.abs(xs[best]! - place)) best = i;
    else if (xs[i]! > place) break;
  }
  return best;
}

/**
 * The running mean that TensorBoard draws: each value weighs 1 − w, what was before it w, divided by the weight that
 * has been given out, so that the first values are not drawn towards zero. NaN is passed over and stays NaN.
 *
 * @param weight in [0, 1); 0 gives the values back
 */
export function smoothed(values: Float32Array, weight: number): Float32Array {
  if (weight <= 0) return values;
  const out = new Float32Array(values.length).fill(NaN);
  let sum = 0;
  let totalWeight = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    sum = sum * weight + (1 - weight) * value;
    totalWeight = totalWeight * weight + (1 - weight);
    out[i] = sum / totalWeight;
  }
  return out;
}
