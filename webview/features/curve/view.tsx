/** The curves of a layer: that of the chosen feature, its slope, where the example goes, and the knots of a spline. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { hasTails, manyOutside } from '../../../src/protocol/spline';
import type { SplineOverlay, TransformCurveView } from '../../../src/protocol/transform-curve';
import { linear, logarithmic, type Axis } from '../../base/charts/scale';
import { Sized } from '../../base/size/sized';
import { compact, fixed, logTicks, percent, signed, ticks, tickText } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { BinMaps } from './maps';
import { rowOf } from './rows';
import { text } from './text';

const left = 40;
const heights = { curve: 240, batch: 72, slope: 96 };

const shareOf = (share: number): string => percent(share, share > 0 && share < 0.0995 ? 1 : 0);

export function CurveTab({
  model,
  layer,
  view,
}: {
  model: ModelSummary;
  layer: LayerInfo;
  view: TransformCurveView;
}) {
  const store = useStore();
  const { batch, spline } = view;
  const features = Array.from(view.features);
  // Where another feature is marked, which passes unchanged, the first that is mapped is shown.
  const row = Math.max(0, features.indexOf(store.marked.value));
  const name = featureName(model, features[row]!);
  const chart = chartOf(view, row);
  const choose = (by: number): void => {
    const next = features[Math.min(features.length - 1, Math.max(0, row + by))];
    if (next !== undefined) store.marked.value = next;
  };
  const total = view.logDerivative.reduce((sum, value) => sum + value, 0);
  const own = spline && rowOf(spline.inOwnBins, row).filter((n) => n > 0).length;
  return (
    <>
      {spline ? <Judged {...{ model, view, spline }} /> : null}
      {store.example.value ? null : <p class="tick">{words.firstOfBatch}</p>}
      <div class="curves">
        <div class="large">
          <h3>
            <b>{name}</b> <span class="tick">{spline ? splineNote(spline) : text.note(layer)}</span>
          </h3>
          <Sized height={heights.curve}>
            {(width, height) => <CurveChart {...{ width, height, ...chart }} label={text.curve(name)} />}
          </Sized>
          <h3>
            <b>{text.batch}</b> <span class="tick">{text.batchNote(batch.count, spline !== undefined)}</span>
          </h3>
          <Sized height={heights.batch}>
            {(width, height) => (
              <BatchChart
                {...{ width, height, ...chart }}
                counts={rowOf(batch.counts, row)}
                label={text.batch}
              />
            )}
          </Sized>
          <h3>
            <b>{text.slope}</b> <span class="tick">{text.slopeNote}</span>
          </h3>
          <Sized height={heights.slope}>
            {(width, height) => <SlopeChart {...{ width, height, ...chart }} label={text.slope} />}
          </Sized>
          <p class="tick">
            {[text.band(batch.curves), ...(spline ? [text.ownBins(own!, spline.bins)] : [])].join(' ')}
          </p>
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
                {spline ? <th /> : null}
                <th class="num">y</th>
                <th class="num">dy/dx</th>
                <th class="num">ln dy/dx</th>
                {spline ? (
                  <>
                    <th class="num">{text.share}</th>
                    <th class="num" title={text.emptyWhy}>
                      {text.empty}
                    </th>
                  </>
                ) : null}
              </tr>
            </thead>
            <tbody>
              {features.map((feature, i) => (
                <tr key={feature} aria-selected={i === row} onClick={() => (store.marked.value = feature)}>
                  <td>{featureName(model, feature)}</td>
                  <td class="num">{fixed(view.from[i], 3)}</td>
                  {spline ? (
                    <td class="tick">{spline.bin[i]! < 0 ? text.outside : text.inBin(spline.bin[i]! + 1)}</td>
                  ) : null}
                  <td class="num">{fixed(view.to[i], 3)}</td>
                  <td class="num">{compact(Math.exp(view.logDerivative[i]!))}</td>
                  <td class="num">{signed(view.logDerivative[i], 2)}</td>
                  {spline ? <BatchCells {...{ spline, row: i }} /> : null}
                </tr>
              ))}
              <tr>
                <td colSpan={spline ? 5 : 4}>{store.example.value ? text.sum : text.sumFirst}</td>
                <td class="num">
                  <b>{signed(total, 2)}</b>
                </td>
              </tr>
            </tbody>
          </table>
        </div>
      </div>
      {spline ? <BinMaps {...{ model, features: view.features, spline, row }} /> : null}
    </>
  );
}

function BatchCells({ spline, row }: { spline: SplineOverlay; row: number }) {
  const outside = spline.outside[row]!;
  return (
    <>
      <td class={`num ${outside >= manyOutside ? 'many' : ''}`} data-outside={outside}>
        {shareOf(outside)}
      </td>
      <td class="num">{`${emptyOf(spline, row)}/${spline.bins}`}</td>
    </>
  );
}

const ends = ({ center, bound }: SplineOverlay): [low: number, high: number] => [
  center - bound,
  center + bound,
];

function splineNote(spline: SplineOverlay): string {
  const [low, high] = ends(spline).map(tickText) as [string, string];
  return text.splineNote(spline.bins, low, high, spline.ends);
}

/** Bins of the splines that are drawn in which no value of the batch lies. */
function emptyOf({ inBins }: SplineOverlay, row: number): number {
  return rowOf(inBins, row).filter((n) => n === 0).length;
}

/** What the batch says of all splines of the layer. */
function Judged({
  model,
  view: { batch, features },
  spline,
}: {
  model: ModelSummary;
  view: TransformCurveView;
  spline: SplineOverlay;
}) {
  const { outside, bins } = spline;
  const [low, high] = ends(spline).map(tickText) as [string, string];
  const k = features.length;
  const all = outside.reduce((sum, share) => sum + share, 0) / k;
  const worst = outside.reduce((most, share, i) => (share > outside[most]! ? i : most), 0);
  const empty = Array.from({ length: k }, (_, i) => emptyOf(spline, i)).reduce((a, b) => a + b, 0);
  const most = outside[worst]!;
  const own = spline.ends === 'lines';
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

interface Line {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

interface Chart {
  /** Of x, and of y, the same for all features. */
  axis: TransformCurveView['axis'];
  up: TransformCurveView['axis'];
  curve: Line;
  slope: Line;
  here: { x: number; y: number; slope: number };
  band: { x: Float32Array; low: Float32Array; high: Float32Array };
  spline?: {
    knots: Record<'x' | 'y' | 'slopes', Float32Array>;
    tails: boolean;
    interval: { low: number; high: number };
    inBins: Float32Array;
  };
}

function chartOf(view: TransformCurveView, row: number): Chart {
  const { axis, curve, batch, spline } = view;
  const x = rowOf(curve.x, row);
  const [low, high] = spline ? ends(spline) : [0, 0];
  return {
    axis,
    // A spline maps its interval to itself, or to one that is as far.
    up: spline ? axis : spanOf([curve.y.data, batch.low.data, batch.high.data]),
    curve: { x, y: rowOf(curve.y, row) },
    slope: { x, y: rowOf(curve.logDerivative, row).map(Math.exp) },
    here: { x: view.from[row]!, y: view.to[row]!, slope: Math.exp(view.logDerivative[row]!) },
    band: { x: batch.places, low: rowOf(batch.low, row), high: rowOf(batch.high, row) },
    ...(spline
      ? {
          spline: {
            knots: {
              x: rowOf(spline.knots.x, row),
              y: rowOf(spline.knots.y, row),
              slopes: rowOf(spline.knots.slopes, row),
            },
            tails: hasTails(spline),
            interval: { low, high },
            inBins: rowOf(spline.inBins, row),
          },
        }
      : {}),
  };
}

/** What holds all of these that are finite. */
function spanOf(all: readonly Float32Array[]): TransformCurveView['axis'] {
  const finite = all.flatMap((values) => Array.from(values).filter(Number.isFinite));
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  return low < high ? { low, high } : { low: (finite[0] ?? 0) - 1, high: (finite[0] ?? 0) + 1 };
}

interface ChartProps extends Chart {
  width: number;
  height: number;
  label: string;
}

const across = ({ low, high }: TransformCurveView['axis'], width: number): Axis =>
  linear(low, high, left, width - 8);

/** A line through the points that are finite, in pieces where others lie between. */
function pathOf(line: Line, x: Axis, y: Axis): string {
  let pen = 'M';
  return Array.from(line.x, (value, i) => {
    if (!Number.isFinite(value) || !Number.isFinite(line.y[i])) {
      pen = 'M';
      return '';
    }
    const point = `${pen}${x.at(value).toFixed(1)} ${y.at(line.y[i]!).toFixed(1)}`;
    pen = 'L';
    return point;
  }).join('');
}

/** A curve, and what of it lies beyond the knots of a spline. */
function Curve({ line, spline, x, y }: { line: Line; spline: Chart['spline']; x: Axis; y: Axis }) {
  const part = (keep: (value: number) => boolean): Line => {
    const kept = Array.from(line.x, (_, i) => i).filter((i) => keep(line.x[i]!));
    return { x: kept.map((i) => line.x[i]!), y: kept.map((i) => line.y[i]!) };
  };
  const [first, last] = [spline?.knots.x[0] ?? -Infinity, spline?.knots.x.at(-1) ?? Infinity];
  return (
    <>
      {spline?.tails ? (
        <>
          <path
            class="tail"
            d={pathOf(
              part((value) => value < first),
              x,
              y,
            )}
          />
          <path
            class="tail"
            d={pathOf(
              part((value) => value > last),
              x,
              y,
            )}
          />
        </>
      ) : null}
      <path
        class="curve"
        d={pathOf(
          part((value) => value >= first && value <= last),
          x,
          y,
        )}
      />
    </>
  );
}

function CurveChart({ width, height, axis, up, curve, here, band, spline, label }: ChartProps) {
  const x = across(axis, width);
  const y = linear(up.low, up.high, height - 20, 6);
  const isIn = (value: number, of: Axis): boolean => value >= of.low && value <= of.high;
  const seen = isIn(here.x, x) && isIn(here.y, y);
  const there = Array.from(band.x, (_, i) => i).filter(
    (i) => Number.isFinite(band.low[i]) && Number.isFinite(band.high[i]),
  );
  const back = [...there].reverse();
  const edge: Line = {
    x: [...there, ...back].map((i) => band.x[i]!),
    y: [...there.map((i) => band.low[i]!), ...back.map((i) => band.high[i]!)],
  };
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={ticks(y.low, y.high, 5)} />
      {there.length > 0 ? <path class="band" d={`${pathOf(edge, x, y)}Z`} /> : null}
      {seen ? (
        <path
          class="guide"
          fill="none"
          d={pathOf({ x: [here.x, here.x, x.low], y: [y.low, here.y, here.y] }, x, y)}
        />
      ) : null}
      <Curve line={curve} {...{ spline, x, y }} />
      {Array.from(spline?.knots.x ?? [], (at, i) => (
        <circle key={i} class="knot" cx={x.at(at)} cy={y.at(spline!.knots.y[i]!)} r={2.5} />
      ))}
      {seen ? <circle class="here" cx={x.at(here.x)} cy={y.at(here.y)} r={5} /> : null}
    </svg>
  );
}

/** On the axis of the curve: where the values of the batch are, and which bins of a spline they leave empty. */
function BatchChart({
  width,
  height,
  axis,
  here,
  spline,
  counts,
  label,
}: Pick<ChartProps, 'width' | 'height' | 'axis' | 'here' | 'spline' | 'label'> & { counts: Float32Array }) {
  const x = across(axis, width);
  const foot = height - 18;
  const most = Math.max(1, ...counts);
  const y = linear(0, most, foot, 4);
  const step = (x.high - x.low) / counts.length;
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <pattern id="no-value" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="hatch" x1="0" x2="0" y1="0" y2="6" />
      </pattern>
      {Array.from(spline?.inBins ?? [], (n, bin) =>
        n === 0 ? (
          <rect
            key={bin}
            fill="url(#no-value)"
            data-empty={bin + 1}
            x={x.at(spline!.knots.x[bin]!)}
            width={Math.max(0, x.at(spline!.knots.x[bin + 1]!) - x.at(spline!.knots.x[bin]!))}
            y={4}
            height={foot - 4}
          />
        ) : null,
      )}
      {Array.from(counts, (n, i) => {
        const from = x.low + i * step;
        const middle = from + step / 2;
        const tail = spline && (middle < spline.interval.low || middle > spline.interval.high);
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
      {Array.from(spline?.knots.x ?? [], (at, i) => (
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

function SlopeChart({ width, height, axis, slope, here, spline, label }: ChartProps) {
  const x = across(axis, width);
  const all = [...Array.from(slope.y), 1].filter((value) => value > 0 && Number.isFinite(value));
  const y = logarithmic(Math.min(...all) / 1.5, Math.max(...all) * 1.5, height - 20, 6);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={logTicks(y.low, y.high)} />
      <Curve line={slope} {...{ spline, x, y }} />
      {Array.from(spline?.knots.x ?? [], (at, i) => (
        <circle key={i} class="knot" cx={x.at(at)} cy={y.at(spline!.knots.slopes[i]!)} r={2.5} />
      ))}
      {here.x >= x.low && here.x <= x.high && Number.isFinite(here.slope) ? (
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
