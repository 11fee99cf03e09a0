/** The density of one feature at each value of a condition, row under row. */
import { Fragment } from 'preact';
import { Area, Chart, Note, Rule } from '../../base/charts/chart';
import { ticks } from '../../../src/base/ticks';
import { text } from './text';
import { Heading } from '../../base/controls/heading';

interface RidgesProps {
  /** Name of the feature. */
  name: string;
  bounds: readonly [number, number];
  /** The example's value. */
  marked: number | undefined;
  rows: readonly { name: string; samples: Float32Array }[];
}

const row = 26;
const axis = 18;
const left = 76;
const steps = 120;

export function Ridges({ name, bounds: [low, high], marked, rows }: RidgesProps) {
  const curves = rows.map(({ samples }) => densityCurve(samples, low, high, steps));
  const most = Math.max(...curves.flatMap((curve) => [...curve])) || 1;
  const places = Array.from({ length: steps + 1 }, (_, k) => low + (k / steps) * (high - low));
  return (
    <figure data-ridges={name}>
      <Heading class="ends" title={name} note={text.ridges} />
      <Chart
        label={text.ridgesOf(name)}
        height={rows.length * row + axis}
        {...{ left, top: 0, foot: axis }}
        x={{ low, high, grid: true, ticks: (width) => ticks(low, high, Math.max(2, (width - left) / 60)) }}
        y={{ low: rows.length, high: 0 }}
      >
        {rows.map(({ name: value }, i) => (
          <Fragment key={value}>
            <Area
              class="ridge"
              xs={places}
              low={places.map(() => i + 1)}
              high={curves[i]!.map((n) => i + 1 - (0.88 * n) / most)}
            />
            <Rule class="axis" y={i + 1} />
            <Note class="fg" x={low} y={i + 1} dx={-6} dy={-6} text-anchor="end">
              {value}
            </Note>
          </Fragment>
        ))}
        {marked !== undefined && marked >= low && marked <= high ? <Rule class="here" x={marked} /> : null}
      </Chart>
    </figure>
  );
}

/** A density from samples. */

/**
 * Sum of normals around the samples at evenly spaced places from `low` to `high`, in 1/unit. Their width is Silverman's
 * (Density Estimation, 1986, eq. 3.31), by the standard deviation or the quartiles, whichever is smaller.
 * @returns `steps` + 1 values; zeros without finite samples
 */
export function densityCurve(
  samples: ArrayLike<number>,
  low: number,
  high: number,
  steps: number,
): Float64Array {
  const out = new Float64Array(steps + 1);
  const values = Float64Array.from(samples).filter(Number.isFinite).sort();
  const n = values.length;
  if (n === 0) return out;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const quartiles = (values[Math.floor(0.75 * (n - 1))]! - values[Math.floor(0.25 * (n - 1))]!) / 1.34;
  const step = (high - low) / steps;
  // Samples that are all the same still have a place.
  const width = Math.max(0.9 * Math.min(deviation, quartiles || deviation) * n ** -0.2, step);
  for (let i = 0; i <= steps; i++) {
    const x = low + i * step;
    let sum = 0;
    for (const value of values) sum += Math.exp(-0.5 * ((x - value) / width) ** 2);
    out[i] = sum / (n * width * Math.sqrt(2 * Math.PI));
  }
  return out;
}
