/** The curves of a layer: the chosen feature's curve, its slope, where the example goes, and the knots of a spline. */
import { rowOf } from '../../../src/base/shape';
import type { ModelSummary } from '../../../src/protocol/model';
import { hasTails, manyOutside } from '../../../src/protocol/spline';
import type { SplineOverlay, TransformCurveView } from '../../../src/protocol/transform-curve';
import { pathOf } from '../../base/charts/path';
import { linear, logarithmic, type Axis, type Size } from '../../base/charts/scale';
import { Sized } from '../../base/size/sized';
import { compact, fixed, logTicks, percent, signed, ticks, tickText } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { DataTable } from '../../base/controls/data-table';
import type { LayerTabProps } from '../../base/layers/layer-tab';
import { words } from '../../base/words';
import { Heading } from '../../base/controls/heading';
import { BinMaps } from './maps';
import { text } from './text';
import { PlaceGrid, ValueGrid } from '../../base/charts/value-grid';

const left = 40;
const heights = { curve: 240, batch: 72, slope: 96 };

const shareOf = (share: number): string => percent(share, share > 0 && share < 0.0995 ? 1 : 0);

export function CurveTab({ model, layer, view }: LayerTabProps<TransformCurveView>) {
  const store = useStore();
  const { batch, spline } = view;
  const features = Array.from(view.features);
  // Where another feature is marked, which passes unchanged, the first that is mapped is shown.
  const row = Math.max(0, features.indexOf(store.marked.value));
  const name = featureName(model, features[row]!);
  const chart = { view, row };
  const total = view.logDerivative.reduce((sum, value) => sum + value, 0);
  const own = spline && rowOf(spline.inOwnBins, row).filter((n) => n > 0).length;
  return (
    <>
      {spline ? <Judged {...{ model, view, spline }} /> : null}
      {store.example.value ? null : <p class="tick">{words.firstOfBatch}</p>}
      <div class="curves parts">
        <div class="large">
          <Heading title={name} note={spline ? splineNote(spline) : text.note(layer)} />
          <Sized height={heights.curve}>
            {(width, height) => <CurveChart {...{ width, height, ...chart }} label={text.curve(name)} />}
          </Sized>
          <Heading title={text.batch} note={text.batchNote(batch.count, spline !== undefined)} />
          <Sized height={heights.batch}>
            {(width, height) => <BatchChart {...{ width, height, ...chart }} label={text.batch} />}
          </Sized>
          <Heading title={text.slope} note={text.slopeNote} />
          <Sized height={heights.slope}>
            {(width, height) => <SlopeChart {...{ width, height, ...chart }} label={text.slope} />}
          </Sized>
          <p class="tick">
            {[text.band(batch.curves), ...(spline ? [text.ownBins(own!, spline.bins)] : [])].join(' ')}
          </p>
        </div>
        <DataTable
          frame={{ class: 'figures scroll-x', 'aria-label': text.chosen }}
          class="rows-table"
          rows={features.map((feature, i) => ({ feature, i }))}
          choice={{
            isChosen: ({ i }) => i === row,
            choose: ({ feature }) => (store.marked.value = feature),
            step: (by) =>
              (store.marked.value = features[Math.min(features.length - 1, Math.max(0, row + by))]!),
          }}
          columns={[
            { head: words.feature, cell: ({ feature }) => featureName(model, feature) },
            { head: 'x', num: ({ i }) => fixed(view.from[i], 3) },
            spline && {
              head: '',
              td: 'tick',
              cell: ({ i }) => (spline.bin[i]! < 0 ? text.outside : text.inBin(spline.bin[i]! + 1)),
            },
            { head: 'y', num: ({ i }) => fixed(view.to[i], 3) },
            { head: 'dy/dx', num: ({ i }) => compact(Math.exp(view.logDerivative[i]!)) },
            { head: 'ln dy/dx', num: ({ i }) => signed(view.logDerivative[i], 2) },
            spline && {
              head: text.share,
              td: ({ i }) => ({
                class: spline.outside[i]! >= manyOutside ? 'many' : '',
                'data-outside': spline.outside[i],
              }),
              num: ({ i }) => shareOf(spline.outside[i]!),
            },
            spline && {
              head: text.empty,
              th: { title: text.emptyWhy },
              num: ({ i }) => `${emptyOf(spline, i)}/${spline.bins}`,
            },
          ]}
        >
          <tbody>
            <tr>
              <td colSpan={spline ? 5 : 4}>{store.example.value ? text.sum : text.sumFirst}</td>
              <td class="num">
                <b>{signed(total, 2)}</b>
              </td>
            </tr>
          </tbody>
        </DataTable>
      </div>
      {spline ? <BinMaps {...{ model, features: view.features, spline, row }} /> : null}
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

interface JudgedProps {
  model: ModelSummary;
  view: TransformCurveView;
  spline: SplineOverlay;
}

/** What the batch says of all splines of the layer. */
function Judged({ model, view: { batch, features }, spline }: JudgedProps) {
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

interface ChartProps extends Size {
  view: TransformCurveView;
  /** Row of the feature that is drawn. */
  row: number;
  label: string;
}

const across = ({ axis }: TransformCurveView, width: number): Axis =>
  linear(axis.low, axis.high, left, width - 8);

/** Axis of y, the same for all features. A spline maps its interval to itself, or to one that is as far. */
function up({ axis, spline, curve, batch }: TransformCurveView, height: number): Axis {
  const all = [curve.y, batch.low, batch.high].flatMap(({ data }) =>
    Array.from(data).filter(Number.isFinite),
  );
  const low = all.reduce((a, b) => Math.min(a, b), Infinity);
  const high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const span = spline ? axis : low < high ? { low, high } : { low: -1, high: 1 };
  return linear(span.low, span.high, height - 20, 6);
}

/** A curve with the knots of a spline, beyond which it has two places on each side. */
function Curve({
  view: { curve, spline },
  row,
  ys,
  knots,
  x,
  y,
}: Pick<ChartProps, 'view' | 'row'> & {
  ys: Float32Array;
  knots: 'y' | 'slopes';
  x: Axis;
  y: Axis;
}) {
  const xs = rowOf(curve.x, row);
  const part = (from: number, to?: number): string => pathOf(xs.slice(from, to), ys.slice(from, to), x, y);
  const tails = spline && hasTails(spline);
  return (
    <>
      {tails ? [part(0, 2), part(-2)].map((d) => <path key={d} class="tail dashed" d={d} />) : null}
      <path class="curve" d={tails ? part(2, -2) : part(0)} />
      {Array.from(spline ? rowOf(spline.knots.x, row) : [], (at, i) => (
        <circle
          key={i}
          class="knot ring"
          cx={x.at(at)}
          cy={y.at(rowOf(spline!.knots[knots], row)[i]!)}
          r={2.5}
        />
      ))}
    </>
  );
}

const isOn = (value: number, { low, high }: Axis): boolean => value >= low && value <= high;

function CurveChart({ view, row, width, height, label }: ChartProps) {
  const [x, y] = [across(view, width), up(view, height)];
  const [from, to] = [view.from[row]!, view.to[row]!];
  const seen = isOn(from, x) && isOn(to, y);
  const { places, low, high } = view.batch;
  const back = (values: Float32Array): number[] => Array.from(values).reverse();
  const around = [...rowOf(low, row), ...back(rowOf(high, row))];
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={ticks(y.low, y.high, 5)} />
      {around.every(Number.isFinite) ? (
        <path class="band" d={`${pathOf([...places, ...back(places)], around, x, y)}Z`} />
      ) : null}
      {seen ? (
        <path class="guide" fill="none" d={pathOf([from, from, x.low], [y.low, to, to], x, y)} />
      ) : null}
      <Curve {...{ view, row, x, y }} ys={rowOf(view.curve.y, row)} knots="y" />
      {seen ? <circle class="here" cx={x.at(from)} cy={y.at(to)} r={5} /> : null}
    </svg>
  );
}

/** On the axis of the curve: where the values of the batch are, and which bins of a spline they leave empty. */
function BatchChart({ view, row, width, height, label }: ChartProps) {
  const { spline, batch } = view;
  const x = across(view, width);
  const [counts, from] = [rowOf(batch.counts, row), view.from[row]!];
  const knots = spline ? rowOf(spline.knots.x, row) : new Float32Array();
  const [low, high] = spline ? ends(spline) : [-Infinity, Infinity];
  const foot = height - 18;
  const most = Math.max(1, ...counts);
  const y = linear(0, most, foot, 4);
  const step = (x.high - x.low) / counts.length;
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <pattern id="no-value" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="hatch" x1="0" x2="0" y1="0" y2="6" />
      </pattern>
      {Array.from(spline ? rowOf(spline.inBins, row) : [], (n, bin) =>
        n === 0 ? (
          <rect
            key={bin}
            fill="url(#no-value)"
            data-empty={bin + 1}
            x={x.at(knots[bin]!)}
            width={Math.max(0, x.at(knots[bin + 1]!) - x.at(knots[bin]!))}
            y={4}
            height={foot - 4}
          />
        ) : null,
      )}
      {Array.from(counts, (n, i) => {
        const start = x.low + i * step;
        const tail = start + step / 2 < low || start + step / 2 > high;
        return n > 0 ? (
          <rect
            key={i}
            class={tail ? 'bar beyond' : 'bar'}
            x={x.at(start) + 0.5}
            width={Math.max(1, x.at(start + step) - x.at(start) - 1)}
            y={y.at(n)}
            height={Math.max(1, foot - y.at(n))}
          />
        ) : null;
      })}
      {Array.from(knots, (at, i) => (
        <line key={i} class="grid" x1={x.at(at)} x2={x.at(at)} y1={4} y2={foot} />
      ))}
      <line class="axis" x1={left} x2={width} y1={foot} y2={foot} />
      {isOn(from, x) ? <line class="guide" x1={x.at(from)} x2={x.at(from)} y1={4} y2={foot} /> : null}
      <text x={left - 5} y={12} text-anchor="end">
        {tickText(most)}
      </text>
      <PlaceGrid values={ticks(x.low, x.high, 5)} at={x.at} y={height - 4} />
    </svg>
  );
}

function SlopeChart({ view, row, width, height, label }: ChartProps) {
  const x = across(view, width);
  const slopes = rowOf(view.curve.logDerivative, row).map(Math.exp);
  const [from, slope] = [view.from[row]!, Math.exp(view.logDerivative[row]!)];
  const all = [...slopes, 1].filter((value) => value > 0 && Number.isFinite(value));
  const y = logarithmic(Math.min(...all) / 1.5, Math.max(...all) * 1.5, height - 20, 6);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <Grid {...{ width, height, x, y }} values={logTicks(y.low, y.high)} />
      <Curve {...{ view, row, x, y }} ys={slopes} knots="slopes" />
      {isOn(from, x) && Number.isFinite(slope) ? (
        <circle class="here" cx={x.at(from)} cy={y.at(slope)} r={5} />
      ) : null}
    </svg>
  );
}

function Grid({ values, width, height, x, y }: Size & { values: readonly number[]; x: Axis; y: Axis }) {
  return (
    <>
      <ValueGrid values={values} at={y.at} left={left} right={width} />
      <PlaceGrid values={ticks(x.low, x.high, 5)} at={x.at} y={height - 5} ends={[6, height - 20]} />
    </>
  );
}
