/** The splines of a layer: the curve of the chosen feature with its knots, its slope, and where the example goes. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import type { SplineView } from '../../../src/protocol/spline';
import { linear, logarithmic, type Axis } from '../../base/charts/scale';
import { Sized } from '../../base/charts/sized';
import { compact, fixed, logTicks, signed, ticks, tickText } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { binOf, curveOf, knotsOf, type Curve, type Knots } from './curves';
import { text } from './text';

const left = 40;
const heights = { curve: 240, slope: 96 };

export function SplineTab({ model, view }: { model: ModelSummary; layer: LayerInfo; view: SplineView }) {
  const store = useStore();
  const features = Array.from(view.features);
  // Where another feature is marked, which passes unchanged, the first that is mapped is shown.
  const row = Math.max(0, features.indexOf(store.marked.value));
  const name = featureName(model, features[row]!);
  const knots = knotsOf(view, row);
  const curve = curveOf(knots);
  const here = { x: view.from[row]!, y: view.to[row]!, slope: Math.exp(view.logDerivative[row]!) };
  const interval = { low: view.center - view.bound, high: view.center + view.bound };
  const choose = (by: number): void => {
    const next = features[Math.min(features.length - 1, Math.max(0, row + by))];
    if (next !== undefined) store.marked.value = next;
  };
  const total = view.logDerivative.reduce((sum, value) => sum + value, 0);
  return (
    <>
      {store.example.value ? null : <p class="tick">{words.firstOfBatch}</p>}
      <div class="spline">
        <div class="large">
          <h3>
            <b>{name}</b>{' '}
            <span class="tick">
              {text.note(view.bins, tickText(interval.low), tickText(interval.high), view.ends)}
            </span>
          </h3>
          <Sized height={heights.curve}>
            {(width, height) => (
              <CurveChart {...{ width, height, knots, curve, here, interval }} label={text.curve(name)} />
            )}
          </Sized>
          <h3>
            <b>{text.slope}</b> <span class="tick">{text.slopeNote}</span>
          </h3>
          <Sized height={heights.slope}>
            {(width, height) => (
              <SlopeChart {...{ width, height, knots, curve, here, interval }} label={text.slope} />
            )}
          </Sized>
        </div>
        <div
          class="figures scroll-x"
          role="group"
          tabIndex={0}
          aria-label={text.chosen}
          onKeyDown={(event) => {
            const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            event.stopPropagation();
            choose(by);
          }}
        >
          <table class="rows-table">
            <thead>
              <tr>
                <th>{words.feature}</th>
                <th class="num">x</th>
                <th />
                <th class="num">y</th>
                <th class="num">dy/dx</th>
                <th class="num">ln dy/dx</th>
              </tr>
            </thead>
            <tbody>
              {features.map((feature, i) => {
                const bin = binOf(knotsOf(view, i), view.from[i]!);
                return (
                  <tr key={feature} aria-selected={i === row} onClick={() => (store.marked.value = feature)}>
                    <td>{featureName(model, feature)}</td>
                    <td class="num">{fixed(view.from[i], 3)}</td>
                    <td class="tick">{bin === undefined ? text.outside : text.inBin(bin)}</td>
                    <td class="num">{fixed(view.to[i], 3)}</td>
                    <td class="num">{compact(Math.exp(view.logDerivative[i]!))}</td>
                    <td class="num">{signed(view.logDerivative[i], 2)}</td>
                  </tr>
                );
              })}
              <tr>
                <td colSpan={5}>{store.example.value ? text.sum : text.sumFirst}</td>
                <td class="num">
                  <b>{signed(total, 2)}</b>
                </td>
              </tr>
            </tbody>
          </table>
        </div>
      </div>
    </>
  );
}

interface Interval {
  low: number;
  high: number;
}

interface ChartProps {
  width: number;
  height: number;
  knots: Knots;
  curve: Curve;
  here: { x: number; y: number; slope: number };
  interval: Interval;
  label: string;
}

/** A little more than the interval, so that the tails are seen. */
const around = ({ low, high }: Interval): [number, number] => {
  const more = 0.075 * (high - low);
  return [low - more, high + more];
};
const across = (interval: Interval, width: number): Axis => linear(...around(interval), left, width - 8);

const pathOf = (xs: readonly number[], ys: readonly number[], x: Axis, y: Axis): string =>
  xs.map((value, i) => `${i === 0 ? 'M' : 'L'}${x.at(value).toFixed(1)} ${y.at(ys[i]!).toFixed(1)}`).join('');

function CurveChart({ width, height, knots, curve, here, interval, label }: ChartProps) {
  const x = across(interval, width);
  const y = linear(...around(interval), height - 20, 6);
  const [low, high] = [x.low, x.high];
  const seen = here.x >= low && here.x <= high && here.y >= low && here.y <= high;
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={ticks(y.low, y.high, 5)} />
      <path class="tail" d={pathOf([low, interval.low], [low, interval.low], x, y)} />
      <path class="tail" d={pathOf([interval.high, high], [interval.high, high], x, y)} />
      {seen ? (
        <path class="guide" fill="none" d={pathOf([here.x, here.x, low], [low, here.y, here.y], x, y)} />
      ) : null}
      <path class="curve" d={pathOf(curve.x, curve.y, x, y)} />
      {Array.from(knots.x, (at, i) => (
        <circle key={i} class="knot" cx={x.at(at)} cy={y.at(knots.y[i]!)} r={2.5} />
      ))}
      {seen ? <circle class="here" cx={x.at(here.x)} cy={y.at(here.y)} r={5} /> : null}
    </svg>
  );
}

function SlopeChart({ width, height, knots, curve, here, interval, label }: ChartProps) {
  const x = across(interval, width);
  const all = [...curve.slope, 1].filter((value) => value > 0);
  const y = logarithmic(Math.min(...all) / 1.5, Math.max(...all) * 1.5, height - 20, 6);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={logTicks(y.low, y.high)} />
      <path class="tail" d={pathOf([x.low, x.high], [1, 1], x, y)} />
      <path class="curve" d={pathOf(curve.x, curve.slope, x, y)} />
      {Array.from(knots.x, (at, i) => (
        <circle key={i} class="knot" cx={x.at(at)} cy={y.at(knots.slopes[i]!)} r={2.5} />
      ))}
      {here.x >= x.low && here.x <= x.high ? (
        <circle class="here" cx={x.at(here.x)} cy={y.at(here.slope)} r={5} />
      ) : null}
    </svg>
  );
}

function Grid({
  width,
  height,
  x,
  y,
  values,
}: {
  width: number;
  height: number;
  x: Axis;
  y: Axis;
  values: readonly number[];
}) {
  return (
    <>
      {values.map((value) => (
        <g key={`y${value}`}>
          <line class="grid" x1={left} x2={width} y1={y.at(value)} y2={y.at(value)} />
          <text x={left - 5} y={y.at(value) + 4} text-anchor="end">
            {tickText(value)}
          </text>
        </g>
      ))}
      {ticks(x.low, x.high, 5).map((value) => (
        <g key={`x${value}`}>
          <line class="grid" x1={x.at(value)} x2={x.at(value)} y1={6} y2={height - 20} />
          <text x={x.at(value)} y={height - 5} text-anchor="middle">
            {tickText(value)}
          </text>
        </g>
      ))}
    </>
  );
}
