/** The curves of a layer: the chosen feature's curve, its slope, where the example goes, and the knots of a spline. */
import { hasCurves } from '../../../src/protocol/questions';
import type { TransformCurveView, SplineOverlay } from '../../../src/protocol/transform-curve';
import { rowOf } from '../../../src/base/shape';
import type { ModelSummary } from '../../../src/protocol/model';
import { hasTails, manyOutside } from '../../../src/protocol/spline';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { Area, Bars, Box, Chart, Dots, Hatch, Line, Rule, type Channel } from '../../base/charts/chart';
import { logarithmic } from '../../base/charts/scale';
import { ticks } from '../../../src/base/ticks';
import { compact, fixed, logTicks, percent, signed, tickText } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { DataTable } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { finiteExtent } from '../../base/canvas/planes';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import { BinMaps } from './maps';
import './style.css';

/** One row for each place of the curve of each feature. */
function curveNumbers(view: TransformCurveView): ViewData {
  const { features, curve, from, to, logDerivative, batch, spline } = view;
  const places = curve.x.shape[1]!;
  return {
    columns: [
      { name: 'feature', values: Array.from(curve.x.data, (_, i) => features[Math.floor(i / places)]) },
      { name: 'x', values: Array.from(curve.x.data) },
      { name: 'y', values: Array.from(curve.y.data) },
      { name: 'log_derivative', values: Array.from(curve.logDerivative.data) },
    ],
    arrays: {
      ...{ features: vector(features), curve_x: curve.x, curve_y: curve.y },
      ...{ curve_log_derivative: curve.logDerivative },
      ...{ x: vector(from), y: vector(to), log_derivative: vector(logDerivative) },
      batch_counts: batch.counts,
      band_x: vector(batch.places),
      band_low: batch.low,
      band_high: batch.high,
      ...(spline && {
        ...{ knots_x: spline.knots.x, knots_y: spline.knots.y, slopes: spline.knots.slopes },
        outside: vector(spline.outside),
        batch_in_bins: spline.inBins,
        batch_in_own_bins: spline.inOwnBins,
      }),
    },
  };
}

export const curve = questionTab({
  id: 'curve',
  title: () => text.tab,
  applies: (model) => model.layers.some(hasCurves),
  missing: (layer) => (hasCurves(layer) ? undefined : { title: text.noCurve, why: text.noCurveWhy }),
  method: 'transformCurve',
  query: (layer, store) => hasCurves(layer) && { ...store.selection.value!, layer: layer.index },
  Tab: CurveTab,
  numbers: curveNumbers,
});

const shareOf = (share: number): string => percent(share, share > 0 && share < 0.0995 ? 1 : 0);

function CurveTab({ model, layer, view }: LayerTabProps<TransformCurveView>) {
  const store = useStore();
  const { batch, spline } = view;
  const features = Array.from(view.features);
  // Where another feature is marked, which passes unchanged, the first that is mapped is shown.
  const row = Math.max(0, features.indexOf(store.marked.value));
  const name = featureName(model, features[row]!);
  const chart = { view, row };
  const total = view.logDerivative.reduce((sum, value) => sum + value, 0);
  const usedBins = spline && rowOf(spline.inOwnBins, row).filter((n) => n > 0).length;
  return (
    <>
      <Judged {...{ model, view }} />
      {store.example.value ? null : <p class="tick">{words.firstOfBatch}</p>}
      <div class="curves parts">
        <div class="large">
          <Heading title={name} note={spline ? splineNote(spline) : text.note(layer)} />
          <CurveChart {...chart} name={name} />
          <Heading title={text.batch} note={text.batchNote(batch.count, spline !== undefined)} />
          <BatchChart {...chart} />
          <Heading title={text.slope} note={text.slopeNote} />
          <SlopeChart {...chart} />
          <p class="tick">
            {[text.band(batch.curves), ...(spline ? [text.exampleBins(usedBins!, spline.bins)] : [])].join(
              ' ',
            )}
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

/** What the batch says of all splines of the layer. */
function Judged({ model, view }: { model: ModelSummary; view: TransformCurveView }) {
  const { batch, features, spline } = view;
  if (!spline) return null;
  const { outside, bins } = spline;
  const [low, high] = ends(spline).map(tickText) as [string, string];
  const k = features.length;
  const all = outside.reduce((sum, share) => sum + share, 0) / k;
  const worst = outside.reduce((most, share, i) => (share > outside[most]! ? i : most), 0);
  const empty = Array.from({ length: k }, (_, i) => emptyOf(spline, i)).reduce((a, b) => a + b, 0);
  const most = outside[worst]!;
  const endsInLines = spline.ends === 'lines';
  const interval = endsInLines ? text.exampleInterval : text.interval(low, high);
  const name = featureName(model, features[worst]!);
  return (
    <Verdict mark={most >= manyOutside ? 'notice' : 'ok'}>
      {[
        ...(all === 0
          ? [text.noneOutside(batch.count * k, interval)]
          : [
              text.someOutside(shareOf(all), interval, name, shareOf(most)),
              endsInLines ? text.onLines : text.passUnchanged,
            ]),
        text.emptyBins(empty, bins * k),
      ].join(' ')}
    </Verdict>
  );
}

interface ChartProps {
  view: TransformCurveView;
  /** Row of the feature that is drawn. */
  row: number;
}

const margins = { left: 40, right: 8, foot: 20 };

/** Axis of x, the same for all features. */
const across = ({ axis: { low, high } }: TransformCurveView) => ({
  ...{ low, high, grid: true },
  ticks: () => ticks(low, high, 5),
});

/** Axis of y, the same for all features. A spline maps its interval to itself, or to one that is as far. */
function up({ axis, spline, curve, batch }: TransformCurveView): Channel {
  const all = finiteExtent([curve.y, batch.low, batch.high].flatMap(({ data }) => [...data]));
  const span = spline ? axis : all && all.low < all.high ? all : { low: -1, high: 1 };
  return { ...span, ticks: () => ticks(span.low, span.high, 5) };
}

/** A curve with the knots of a spline, beyond which it has two places on each side. */
function Curve({ view, row, ys, knots }: ChartProps & { ys: Float32Array; knots: 'y' | 'slopes' }) {
  const { curve, spline } = view;
  const xs = rowOf(curve.x, row);
  const part = (from: number, to?: number) => ({ xs: xs.slice(from, to), ys: ys.slice(from, to) });
  const tails = spline && hasTails(spline);
  return (
    <>
      {tails
        ? [0, -2].map((from) => (
            <Line key={from} class="tail dashed" {...part(from, from + 2 || undefined)} />
          ))
        : null}
      <Line class="line curve" {...(tails ? part(2, -2) : part(0))} />
      {spline ? (
        <Dots
          class="knot ring"
          xs={rowOf(spline.knots.x, row)}
          ys={rowOf(spline.knots[knots], row)}
          r={2.5}
        />
      ) : null}
    </>
  );
}

const isOn = (value: number, { low, high }: Channel): boolean => value >= low && value <= high;

function CurveChart({ view, row, name }: ChartProps & { name: string }) {
  const [x, y] = [across(view), up(view)];
  const [from, to] = [view.from[row]!, view.to[row]!];
  const seen = isOn(from, x) && isOn(to, y);
  const { places, low, high } = view.batch;
  return (
    <Chart label={text.curve(name)} height={240} {...{ ...margins, x, y }}>
      <Area class="fill" xs={places} low={rowOf(low, row)} high={rowOf(high, row)} />
      {seen ? <Line class="guide" xs={[from, from, x.low]} ys={[y.low, to, to]} /> : null}
      <Curve {...{ view, row }} ys={rowOf(view.curve.y, row)} knots="y" />
      {seen ? <Dots class="here" xs={[from]} ys={[to]} r={5} /> : null}
    </Chart>
  );
}

/** On the axis of the curve: where the values of the batch are, and which bins of a spline they leave empty. */
function BatchChart({ view, row }: ChartProps) {
  const { spline, batch } = view;
  const x = across(view);
  const [counts, from] = [rowOf(batch.counts, row), view.from[row]!];
  const knots = spline ? rowOf(spline.knots.x, row) : new Float32Array();
  const [low, high] = spline ? ends(spline) : [-Infinity, Infinity];
  const most = Math.max(1, ...counts);
  const step = (x.high - x.low) / counts.length;
  const start = (i: number): number => x.low + i * step;
  const isBeyond = (middle: number): boolean => middle < low || middle > high;
  return (
    <Chart
      label={text.batch}
      height={72}
      {...{ ...margins, top: 4, foot: 18 }}
      x={{ ...x, grid: false }}
      y={{ low: 0, high: most, ticks: () => [most] }}
    >
      <Hatch id="no-value" />
      {Array.from(spline ? rowOf(spline.inBins, row) : [], (n, bin) =>
        n === 0 ? (
          <Box
            key={bin}
            style={{ fill: 'url(#no-value)' }}
            data-empty={bin + 1}
            x={[knots[bin]!, knots[bin + 1]!]}
          />
        ) : null,
      )}
      <Bars
        values={counts}
        from={start}
        {...{ gap: 1, least: 1 }}
        class={(_, i) => (isBeyond(start(i + 0.5)) ? 'bar beyond' : 'bar')}
      />
      {Array.from(knots, (at, i) => (
        <Rule key={i} class="grid" x={at} />
      ))}
      <Rule class="axis" y={0} />
      {isOn(from, x) ? <Rule class="guide" x={from} /> : null}
    </Chart>
  );
}

function SlopeChart({ view, row }: ChartProps) {
  const x = across(view);
  const slopes = rowOf(view.curve.logDerivative, row).map(Math.exp);
  const [from, slope] = [view.from[row]!, Math.exp(view.logDerivative[row]!)];
  const all = [...slopes, 1].filter((value) => value > 0 && Number.isFinite(value));
  const [low, high] = [Math.min(...all) / 1.5, Math.max(...all) * 1.5];
  const y = { low, high, scale: logarithmic, ticks: () => logTicks(low, high) };
  return (
    <Chart label={text.slope} height={96} {...{ ...margins, x, y }}>
      <Curve {...{ view, row }} ys={slopes} knots="slopes" />
      {isOn(from, x) ? <Dots class="here" xs={[from]} ys={[slope]} r={5} /> : null}
    </Chart>
  );
}
