/** Two models side by side: log-dets by layer, activations and their difference, samples, curves, totals. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { comparesLayers, partnerOf } from '../../../src/protocol/compare';
import { whyApart } from '../../../src/protocol/paired-scores';
import type { LayerView, SampleGrid, Strip } from '../../../src/protocol/inspect';
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import type { TensorView } from '../../../src/protocol/tensors';
import { RunChart } from '../../base/charts/run-chart';
import { Choice } from '../../base/controls/segmented';
import { Button, Dropdown } from '../../base/controls/toolkit';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { item, largest, planesOf, tile, pixelRange } from '../../base/canvas/planes';
import { fixed, roundUp, signed, tickText, unknown } from '../../base/format/numbers';
import { PointsThumbnail } from '../../base/canvas/points';
import { inBits, lineOf } from '../../base/curves/lines';
import { CurveControls, curveLookState } from '../../base/curves/curve-controls';
import { compareState } from './state';
import { useStore, useFeature, AnswerView, Message } from '../../base/store/use-store';
import { Bars } from '../../base/layers/bars';
import { layerTitle, shortName } from '../../base/layers/layer-names';
import { axesOf } from '../../base/layers/plane-axes';
import { words } from '../../base/words';
import { text } from './text';
import { HeatMap, Picture } from '../../base/canvas/canvas';
import { Rows } from '../../base/examples/rows';
import { choicesOf } from './choices';
import { stripState } from '../../base/store/strip-state';
import { runState } from '../../base/store/run-state';
import { FirstDifference } from './first-difference';
import { Verdict, type Pair } from './verdict';
import { Heading } from '../../base/controls/heading';
import type { RegionFeature } from '../../base/store/store';
import './style.css';

export const compare: RegionFeature = {
  id: 'compare',
  region: 'compare',
  title: () => text.compareStart,
  state: compareState,
  View: CompareRegions,
};

/** Decimals of layers and totals alike, so that the differences of layers add up. */
const decimals = 3;

/** "digits, step 400"; the file's name where there is neither. */
function titleOf(model: ModelSummary): string {
  const run = model.runFolder?.split(/[\\/]/).at(-1);
  return [run ?? model.fileName, ...(model.step === undefined ? [] : [words.readoutStep(model.step)])].join(
    ', ',
  );
}

function CompareRegions({ model }: { model: ModelSummary }) {
  const store = useStore();
  return (
    <div class="compare flex-column">
      <CompareHead model={model} />
      <AnswerView question={store.state(compareState).summary} failedTitle={text.compareFailed}>
        {(other) =>
          other.runnable ? (
            <div class="compare-body panels">
              {comparesLayers(model, other) ? null : <Verdict a={model} b={other} />}
              {comparesLayers(model, other) ? <FirstDifference a={model} /> : null}
              <ComparedStrips a={model} b={other} />
              <ComparedLayer a={model} b={other} />
              <ComparedSamples a={model} b={other} />
              {model.runFolder || other.runFolder ? <ComparedRuns a={model} b={other} /> : null}
            </div>
          ) : (
            <Message title={text.compareFailed} why={other.reason} />
          )
        }
      </AnswerView>
    </div>
  );
}

/** The way in; the head of the comparison has the way out. */
export function CompareToggle({ model }: { model: ModelSummary }) {
  const store = useStore();
  if (store.isSaved && store.connection.compared === undefined) return null;
  const beside = store.state(runState).checkpoints.value.findLast(({ path }) => path !== model.path)?.path;
  return <Button onClick={() => void store.state(compareState).start(beside)}>{text.compareStart}</Button>;
}

function CompareHead({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { path } = store.state(compareState);
  const other = store.state(compareState).summary.found.value;
  const options = choicesOf(
    model,
    store.state(runState).checkpoints.value,
    store.state(compareState).comparables.value,
  );
  const known = options.some(({ value }) => value === path.value);
  const name = other ? titleOf(other) : (path.value ?? '').split(/[\\/]/).at(-1)!;
  return (
    <header class="compare-head flex-wrap">
      <h1>
        <b>A</b> {titleOf(model)} <b>B</b> {name}
      </h1>
      {store.isSaved ? (
        <span class="note-chip">{text.compareSaved}</span>
      ) : (
        <>
          <span class="compare-choice">
            <Dropdown
              label={text.compareWith}
              value={path.value ?? ''}
              options={known ? options : [...options, { value: path.value ?? '', text: name }]}
              onChange={(value) => (path.value = value)}
            />
          </span>
          <Button onClick={() => void store.state(compareState).choose()}>{text.compareOther}</Button>
        </>
      )}
      <Button onClick={() => (path.value = undefined)}>{text.compareEnd}</Button>
    </header>
  );
}

/** Log-det of a layer, for the mean of the batch or the example. */
function partOf({ rows }: Strip, layer: LayerInfo | undefined, mean: boolean): number | undefined {
  const row = rows.find((each) => each.layer === layer?.index);
  const value = mean ? row?.mean : row?.example;
  return value && value.coupling + value.norm;
}

function ComparedStrips({ a, b }: Pair) {
  const store = useStore();
  const first = store.state(stripState).strip.found.value;
  return (
    <section class="compare-part" aria-label={words.flow}>
      <h2>{text.compareLogDets}</h2>
      <AnswerView question={store.state(compareState).strip}>
        {(second) => (first ? <StripTable a={a} b={b} first={first} second={second} /> : null)}
      </AnswerView>
    </section>
  );
}

/** Otherwise layers have other shapes, and totals are of other examples. */
const takeSameInput = (a: ModelSummary, b: ModelSummary): boolean =>
  JSON.stringify(a.shape) === JSON.stringify(b.shape) && a.levels === b.levels;

function StripTable({ a, b, first, second }: Pair & { first: Strip; second: Strip }) {
  const store = useStore();
  const mean = first.example === undefined || second.example === undefined;
  const rows = a.layers.map((layer) => ({
    layer,
    here: partOf(first, layer, mean),
    there: partOf(second, partnerOf(layer, b), mean),
  }));
  const lonely = a.layers.filter((layer) => !partnerOf(layer, b)).length;
  const partners = new Set(a.layers.map((layer) => partnerOf(layer, b)?.index));
  const unmatched = b.layers
    .filter(({ index }) => !partners.has(index))
    .map((layer) => ({ layer, there: partOf(second, layer, mean) }));
  const limit = roundUp(largest(rows.slice(1).flatMap(({ here = 0, there = 0 }) => [here, there])));
  const parts = [first, second].map((strip) => (mean ? strip.mean : strip.example)!);
  const ends = [
    ...(a.levels === undefined
      ? []
      : [{ name: words.levels(a.levels), of: parts.map((p) => p.quantization) }]),
    { name: words.logPZ, of: parts.map(({ prior }) => prior) },
    { name: words.logPX, of: parts.map(({ nats }) => -nats) },
  ];
  // Densities of different things have no difference.
  const compares = comparesLayers(a, b) || whyApart(a, b) === undefined;
  const figures = (here: number | undefined, there: number | undefined, isKnown: boolean): string[] => [
    ...[here, there].map((value) => signed(value, decimals)),
    isKnown
      ? signed(here === undefined || there === undefined ? undefined : there - here, decimals)
      : unknown,
  ];
  const bars = (...values: (number | undefined)[]) => (
    <span class="two-bars">
      {values.map((value) =>
        value === undefined ? <span class="bars" /> : <Bars coupling={value} limit={limit} />,
      )}
    </span>
  );
  const cells = (name: string, drawn: ComponentChildren, values: readonly string[], marks = {}) => (
    <>
      <span class="name ellipsis">{name}</span>
      {drawn}
      {values.map((value, i) => (
        <span key={i} class="num" {...(i === 2 ? marks : {})}>
          {value}
        </span>
      ))}
    </>
  );
  return (
    <>
      <p class="tick">
        {[
          `${words.nats}, ${mean ? words.mean : words.thisExample}; ${words.positiveRaises}.`,
          ...(lonely > 0 ? [text.compareUnmatched(lonely)] : []),
        ].join(' ')}
      </p>
      <div class="compare-strip" role="listbox" aria-label={words.flow}>
        <div class="compare-row tick" aria-hidden="true">
          <span />
          <span>{`±${tickText(limit)}`}</span>
          <span class="num">A</span>
          <span class="num">B</span>
          <span class="num">B − A</span>
        </div>
        {rows.map(({ layer, here, there }) => (
          <div
            key={layer.index}
            role="option"
            tabIndex={layer.index === store.layer.value ? 0 : -1}
            aria-selected={layer.index === store.layer.value}
            class="compare-row"
            data-compared={layer.name}
            onClick={() => store.selectLayer(layer.index)}
          >
            {cells(nameOf(layer), bars(here, there), figures(here, there, true), { 'data-difference': true })}
          </div>
        ))}
        {unmatched.map(({ layer, there }) => (
          <div key={`b${layer.index}`} class="compare-row" data-only-b={layer.name}>
            {cells(`${nameOf(layer)} (B)`, bars(undefined, there), [
              unknown,
              signed(there, decimals),
              unknown,
            ])}
          </div>
        ))}
        {ends.map(({ name, of: [here, there] }) => (
          <div
            key={name}
            class={`compare-row ${name === words.logPX ? 'total strong' : ''}`}
            {...(name === words.logPX ? { 'data-totals': true } : {})}
          >
            {cells(name, <span />, figures(here, there, compares))}
          </div>
        ))}
      </div>
    </>
  );
}

const nameOf = (layer: LayerInfo): string =>
  layer.coupling === undefined ? shortName(layer) : layerTitle(layer);

function ComparedLayer({ a, b }: Pair) {
  const store = useStore();
  const layer = a.layers.find(({ index }) => index === store.layer.value);
  if (!layer) return null;
  return (
    <section class="compare-part" aria-label={words.layer}>
      <h2>{layerTitle(layer, a)}</h2>
      {partnerOf(layer, b) ? (
        <AnswerView question={store.state(compareState).layerOfA}>
          {(first) => (
            <AnswerView question={store.state(compareState).layer}>
              {(second) => <Maps first={first} second={second} />}
            </AnswerView>
          )}
        </AnswerView>
      ) : (
        <Message
          title={text.compareNoLayer}
          why={takeSameInput(a, b) ? text.compareNoLayerWhy : text.compareOtherLayersWhy}
        />
      )}
    </section>
  );
}

/** x, s, t, y of A and of B on one range, and their difference on that range or its own; symmetric about zero. */
function Maps({ first, second }: { first: LayerView; second: LayerView }) {
  const { range } = useFeature(compareState);
  return (
    <>
      <div class="ctl">
        <span class="tick">{text.differenceRange}</span>
        <Choice
          label={text.differenceRange}
          of={range}
          options={{ common: text.rangeCommon, own: text.rangeOfMap }}
        />
      </div>
      <div class="compare-maps flex-wrap">
        {first.tensors.map((tensor) => (
          <MapColumn
            key={tensor.name}
            tensor={tensor}
            there={second.tensors.find(({ name }) => name === tensor.name)?.data}
          />
        ))}
      </div>
    </>
  );
}

function MapColumn({ tensor, there }: { tensor: TensorView; there: Float32Array | undefined }) {
  const range = useFeature(compareState).range.value;
  const here = tensor.data;
  const difference = here && there?.length === here.length ? there.map((v, i) => v - here[i]!) : undefined;
  const limit = roundUp(largest(here, there));
  const scaleTo = (size: number) => (light: boolean) => signedScale(size, light);
  const map = (name: string, data: Float32Array | undefined, size: number, note = '') => (
    <figure>
      <figcaption class="tick">{`${name}${note}`}</figcaption>
      {data ? (
        <HeatMap
          plane={tile(planesOf({ shape: tensor.shape, data }))}
          scale={scaleTo(size)}
          size={96}
          name={`${tensor.name} ${name}`}
          label={`${tensor.name}, ${name}${note}`}
        />
      ) : (
        <p class="tick wrap">{text.compareNoValues}</p>
      )}
    </figure>
  );
  const differenceLimit = range === 'own' ? roundUp(largest(difference)) : limit;
  return (
    <div class="compare-map" data-map={tensor.name}>
      <Heading title={tensor.name} note={tensor.role && words.roles[tensor.role]} />
      {map('A', here, limit)}
      {map('B', there, limit)}
      <Legend scale={scaleTo(limit)} width={96} />
      {map('B − A', difference, differenceLimit, `, ${range === 'own' ? text.rangeOfMap : text.rangeCommon}`)}
      <Legend scale={scaleTo(differenceLimit)} width={96} />
    </div>
  );
}

function ComparedSamples({ a, b }: Pair) {
  const store = useStore();
  const { count: n, seed, temperature } = store.samplesQuery.value;
  const { samplesOfA, samples } = store.state(compareState);
  return (
    <section class="compare-part" aria-label={words.samples}>
      <h2>{words.samples}</h2>
      <p class="tick">{words.samplesNote(n, fixed(temperature, 2), seed)}</p>
      <div class="compare-samples flex-wrap">
        <AnswerView question={samplesOfA} idle={<NoSamples name="A" />}>
          {(grid) => <SampleSheet name="A" model={a} grid={grid} beside={samples.found.value} />}
        </AnswerView>
        <AnswerView question={samples} idle={<NoSamples name="B" />}>
          {(grid) => <SampleSheet name="B" model={b} grid={grid} beside={samplesOfA.found.value} />}
        </AnswerView>
      </div>
    </section>
  );
}

function NoSamples({ name }: { name: string }) {
  return <p class="tick wrap">{`${name}: ${text.noSamples}`}</p>;
}

interface SampleSheetProps {
  name: string;
  model: ModelSummary;
  grid: SampleGrid;
  /** Samples of the other model: the plane is the same for both. */
  beside?: SampleGrid;
}

/** Side of a plane, pixels. */
const planeSize = 200;

function SampleSheet({ name, model, grid, beside }: SampleSheetProps) {
  const { values } = grid;
  const shown = Math.min(25, values.shape[0] ?? 0);
  return (
    <figure data-samples={name}>
      <figcaption class="tick">{name}</figcaption>
      {model.kind === 'image' ? (
        <div class="compare-sheet">
          {Array.from({ length: shown }, (_, i) => (
            <Picture
              key={i}
              picture={item(values, i)}
              range={pixelRange(model)}
              size={24}
              name={`sample ${name}`}
            />
          ))}
        </div>
      ) : values.shape[1] === 2 ? (
        <PointsThumbnail
          points={values}
          size={planeSize}
          axes={axesOf(model)}
          {...(beside?.values.shape[1] === 2 ? { beside: beside.values } : {})}
        />
      ) : (
        <Rows
          model={model}
          label={`${words.samples} ${name}`}
          values={values}
          count={shown}
          name={(row) => String(row + 1)}
        />
      )}
    </figure>
  );
}

function ComparedRuns({ a, b }: Pair) {
  const store = useStore();
  const { axis, log, smoothing } = store.state(curveLookState).curveLook.value;
  const first = store.state(runState).run.data.value;
  const second = a.runFolder === b.runFolder ? undefined : store.state(compareState).run.data.value;
  const bits = first ? inBits(first) : second ? inBits(second) : false;
  const lines = useMemo(() => {
    const metric = bits ? ('validationBitsPerDim' as const) : ('validationNats' as const);
    return [
      ...(first ? lineOf(first, metric, { name: 'A', style: 'main', axis }) : []),
      ...(second ? lineOf(second, metric, { name: 'B', style: 'other', axis }) : []),
    ];
  }, [first, second, axis, bits]);
  return (
    <section class="compare-part" aria-label={words.run}>
      <h2>{text.compareCurves}</h2>
      <CurveControls />
      <p class="tick">
        {a.runFolder === b.runFolder && a.runFolder ? text.compareSameRun : text.compareCurvesKey}
      </p>
      <RunChart
        height={170}
        lines={lines}
        axis={axis}
        log={log}
        smoothing={smoothing}
        label={`${words.validation}, ${bits ? words.bitsPerDim : words.nats}`}
      />
    </section>
  );
}
