/** The splines of a layer: the curve of the chosen feature with its knots, its slope, and where the example goes. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { binAt, manyOutside, splineBars, splineReach, type SplineView } from '../../../src/protocol/spline';
import { linear, logarithmic, type Axis } from '../../base/charts/scale';
import { Sized } from '../../base/size/sized';
import { compact, fixed, logTicks, percent, signed, ticks, tickText } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { curveOf, knotsOf, tailSlope, tailsOf, type Curve, type Knots } from './curves';
import { BinMaps } from './maps';
import { text } from './text';

const left = 40;
const heights = { curve: 240, batch: 72, slope: 96 };

const shareOf = (share: number): string => percent(share, share > 0 && share < 0.0995 ? 1 : 0);

export function SplineTab({ model, view }: { model: ModelSummary; layer: LayerInfo; view: SplineView }) {
  const store = useStore();
  const features = Array.from(view.features);
  // Where another feature is marked, which passes unchanged, the first that is mapped is shown.
  const row = Math.max(0, features.indexOf(store.marked.value));
  const name = featureName(model, features[row]!);
  const knots = knotsOf(view, row);
  const curve = curveOf(knots, view.inverse);
  const here = { x: view.from[row]!, y: view.to[row]!, slope: Math.exp(view.logDerivative[row]!) };
  const interval = { low: view.center - view.bound, high: view.center + view.bound };
  const choose = (by: number): void => {
    const next = features[Math.min(features.length - 1, Math.max(0, row + by))];
    if (next !== undefined) store.marked.value = next;
  };
  const total = view.logDerivative.reduce((sum, value) => sum + value, 0);
  const { batch, bins } = view;
  const shared = { knots, curve, here, interval, band: bandOf(view, row) };
  const isEmpty = (bin: number): boolean => batch.inBins.data[row * bins + bin] === 0;
  const used = batch.inOwnBins.data.subarray(row * bins, (row + 1) * bins).filter((n) => n > 0).length;
  return (
    <>
      <Judged model={model} view={view} />
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
            {(width, height) => <CurveChart {...{ width, height, ...shared }} label={text.curve(name)} />}
          </Sized>
          <h3>
            <b>{text.batch}</b> <span class="tick">{text.batchNote(batch.count)}</span>
          </h3>
          <Sized height={heights.batch}>
            {(width, height) => (
              <BatchChart
                {...{ width, height, knots, here, isEmpty, interval }}
                counts={batch.counts.data.subarray(row * splineBars, (row + 1) * splineBars)}
                label={text.batch}
              />
            )}
          </Sized>
          <h3>
            <b>{text.slope}</b> <span class="tick">{text.slopeNote}</span>
          </h3>
          <Sized height={heights.slope}>
            {(width, height) => <SlopeChart {...{ width, height, ...shared }} label={text.slope} />}
          </Sized>
          <p class="tick">{`${text.band(batch.curves)} ${text.ownBins(used, bins)}`}</p>
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
                <th class="num">{text.share}</th>
                <th class="num" title={text.emptyWhy}>
                  {text.empty}
                </th>
              </tr>
            </thead>
            <tbody>
              {features.map((feature, i) => {
                const bin = binAt(knotsOf(view, i).x, view.from[i]!);
                const outside = batch.outside[i]!;
                return (
                  <tr key={feature} aria-selected={i === row} onClick={() => (store.marked.value = feature)}>
                    <td>{featureName(model, feature)}</td>
                    <td class="num">{fixed(view.from[i], 3)}</td>
                    <td class="tick">{bin < 0 ? text.outside : text.inBin(bin + 1)}</td>
                    <td class="num">{fixed(view.to[i], 3)}</td>
                    <td class="num">{compact(Math.exp(view.logDerivative[i]!))}</td>
                    <td class="num">{signed(view.logDerivative[i], 2)}</td>
                    <td class={`num ${outside >= manyOutside ? 'many' : ''}`} data-outside={outside}>
                      {shareOf(outside)}
                    </td>
                    <td class="num">{`${emptyOf(view, i)}/${bins}`}</td>
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
      <BinMaps {...{ model, view, row }} />
    </>
  );
}

/** Bins of the splines that are drawn in which no value of the batch lies. */
function emptyOf({ batch, bins }: SplineView, row: number): number {
  return batch.inBins.data.subarray(row * bins, (row + 1) * bins).filter((n) => n === 0).length;
}

function bandOf({ batch, bound, center }: SplineView, row: number): Band {
  const places = batch.low.shape[1]!;
  const part = (data: Float32Array): Float32Array => data.subarray(row * places, (row + 1) * places);
  return {
    x: Array.from({ length: places }, (_, i) => center + ((2 * i) / (places - 1) - 1) * bound),
    low: part(batch.low.data),
    high: part(batch.high.data),
  };
}

/** What the batch says of all splines of the layer. */
function Judged({ model, view }: { model: ModelSummary; view: SplineView }) {
  const { batch, features, bins } = view;
  const [low, high] = [tickText(view.center - view.bound), tickText(view.center + view.bound)];
  const k = features.length;
  const all = batch.outside.reduce((sum, share) => sum + share, 0) / k;
  const worst = batch.outside.reduce((most, share, i) => (share > batch.outside[most]! ? i : most), 0);
  const empty = Array.from({ length: k }, (_, i) => emptyOf(view, i)).reduce((a, b) => a + b, 0);
  const most = batch.outside[worst]!;
  const own = view.ends === 'lines';
  const interval = own ? text.ownInterval : text.interval(low, high);
  const name = featureName(model, features[worst]!);
  return (
    <Verdict mark={most >= manyOutside ? 'notice' : 'ok'}>
      {[
        ...(all === 0
          ? [text.noneOutside(batch.count * k, interval)]
          : [
              text.someOutside(shareOf(all), interval, name, shareOf(most)),
              own ? text.onLines : text.passUnchanged,
            ]),
        text.emptyBins(empty, bins * k),
      ].join(' ')}
    </Verdict>
  );
}

interface Band {
  x: number[];
  low: Float32Array;
  high: Float32Array;
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
  band: Band;
  interval: Interval;
  label: string;
}

/** A little more than the interval, so that the tails are seen. */
const around = ({ low, high }: Interval): [number, number] => {
  const [center, bound] = [(low + high) / 2, (high - low) / 2];
  return [center - splineReach * bound, center + splineReach * bound];
};
const across = (interval: Interval, width: number): Axis => linear(...around(interval), left, width - 8);

const pathOf = (xs: readonly number[], ys: readonly number[], x: Axis, y: Axis): string =>
  xs.map((value, i) => `${i === 0 ? 'M' : 'L'}${x.at(value).toFixed(1)} ${y.at(ys[i]!).toFixed(1)}`).join('');

function CurveChart({ width, height, knots, curve, here, band, interval, label }: ChartProps) {
  const x = across(interval, width);
  const y = linear(...around(interval), height - 20, 6);
  const [low, high] = [x.low, x.high];
  const seen = here.x >= low && here.x <= high && here.y >= low && here.y <= high;
  const tails = tailsOf(knots, [low, high]);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={ticks(y.low, y.high, 5)} />
      <path
        class="band"
        d={`${pathOf([...band.x, ...[...band.x].reverse()], [...band.low, ...[...band.high].reverse()], x, y)}Z`}
      />
      {tails.map(({ from, to }, i) => (
        <path key={i} class="tail" d={pathOf([from.x, to.x], [from.y, to.y], x, y)} />
      ))}
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

/** On the axis of the curve: where the values of the batch are, and which bins they leave empty. */
function BatchChart({
  width,
  height,
  knots,
  here,
  isEmpty,
  counts,
  interval,
  label,
}: Pick<ChartProps, 'width' | 'height' | 'knots' | 'here' | 'interval' | 'label'> & {
  isEmpty(bin: number): boolean;
  counts: Float32Array;
}) {
  const x = across(interval, width);
  const foot = height - 18;
  const most = Math.max(1, ...counts);
  const y = linear(0, most, foot, 4);
  const step = (x.high - x.low) / counts.length;
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <pattern id="no-value" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="hatch" x1="0" x2="0" y1="0" y2="6" />
      </pattern>
      {Array.from({ length: knots.x.length - 1 }, (_, bin) =>
        isEmpty(bin) ? (
          <rect
            key={bin}
            fill="url(#no-value)"
            data-empty={bin + 1}
            x={x.at(knots.x[bin]!)}
            width={Math.max(0, x.at(knots.x[bin + 1]!) - x.at(knots.x[bin]!))}
            y={4}
            height={foot - 4}
          />
        ) : null,
      )}
      {Array.from(counts, (n, i) => {
        const from = x.low + i * step;
        const tail = from + step / 2 < interval.low || from + step / 2 > interval.high;
        return n > 0 ? (
          <rect
            key={i}
            class={tail ? 'bar beyond' : 'bar'}
            x={x.at(from) + 0.5}
            width={Math.max(1, x.at(from + step) - x.at(from) - 1)}
            y={y.at(n)}
            height={Math.max(1, foot - y.at(n))}
          />
        ) : null;
      })}
      {Array.from(knots.x, (at, i) => (
        <line key={i} class="grid" x1={x.at(at)} x2={x.at(at)} y1={4} y2={foot} />
      ))}
      <line class="axis" x1={left} x2={width} y1={foot} y2={foot} />
      {here.x >= x.low && here.x <= x.high ? (
        <line class="guide" x1={x.at(here.x)} x2={x.at(here.x)} y1={4} y2={foot} />
      ) : null}
      <text x={left - 5} y={12} text-anchor="end">
        {tickText(most)}
      </text>
      {ticks(x.low, x.high, 5).map((value) => (
        <text key={value} x={x.at(value)} y={height - 4} text-anchor="middle">
          {tickText(value)}
        </text>
      ))}
    </svg>
  );
}

function SlopeChart({ width, height, knots, curve, here, interval, label }: ChartProps) {
  const x = across(interval, width);
  const beyond = tailSlope(knots);
  const all = [...curve.slope, beyond, 1].filter((value) => value > 0);
  const y = logarithmic(Math.min(...all) / 1.5, Math.max(...all) * 1.5, height - 20, 6);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={logTicks(y.low, y.high)} />
      <path class="tail" d={pathOf([x.low, x.high], [beyond, beyond], x, y)} />
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
