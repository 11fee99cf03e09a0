/** The matrix of a mixing layer: whether it turns, stretches or squashes, and what all mixing layers do together. */
import type { ComponentChildren } from 'preact';
import { type MixingView, fewMixed } from '../../../src/protocol/mixing';
import type { ModelSummary } from '../../../src/protocol/model';
import { signedScale, Legend, magnitudeScale, type ColorScale } from '../../base/canvas/color-maps';
import { MatrixView } from '../../base/canvas/matrix-view';
import { largest } from '../../base/canvas/planes';
import { Chart, usePlace } from '../../base/charts/chart';
import { logarithmic } from '../../base/charts/scale';
import { compact, fixed, logTicks, roundUp, signed, percent } from '../../base/format/numbers';
import { featureName, shortName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { useStore } from '../../base/store/use-store';
import { DataTable } from '../../base/controls/data-table';
import type { LayerTabProps } from '../../base/layers/layer-tab';
import { words } from '../../base/words';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import { Pairs } from '../../base/controls/pairs';

/** ‖WᵀW − I‖ / √n below which float32 makes no difference. */
const orthogonal = 1e-5;
/** Condition number from which the lost digits are shown. */
const costly = 1000;

export function MatrixTab({ model, layer, view }: LayerTabProps<MixingView>) {
  const n = view.singularValues.length;
  const image = layer.inputShape.length === 3;
  const layerFacts = view.all.find(({ layer: index }) => index === view.layer)!;
  // What was mixed before has no name of its own any more.
  const nameOf = (place: number): string => (image ? String(place) : featureName(undefined, place, 'h'));
  const map = (of: MixingView['matrix'], name: string, label: string, side: number) => {
    const scale = (light: boolean) => signedScale(roundUp(Math.max(largest(of.data), 1e-6)), light);
    return (
      <>
        <MatrixView
          rows={n}
          columns={n}
          rowName={nameOf}
          columnName={nameOf}
          at={(row, column) => of.data[row * n + column]!}
          {...{ scale, name, label, side }}
          hint={words.cellHint}
          read={(row, column) =>
            `${nameOf(row)} ${text.from} ${nameOf(column)}: ${compact(of.data[row * n + column])}`
          }
          labelWidth={28}
        />
        <Legend scale={scale} width={140} />
      </>
    );
  };
  return (
    <>
      <Judged view={view} distance={layerFacts.distance} moves={onlyMoves(view)} />
      <div class="matrix-view parts">
        <div class="map">
          <Heading title="W" note={text.rows} />
          {map(view.matrix, 'matrix', `W, ${text.rows}`, 240)}
        </div>
        <div class="map">
          <Heading title={text.singularValues} note={text.logAxis} />
          <SingularValues values={view.singularValues} />
          <Heading title={text.gram} note={text.gramNote} />
          {map(view.gram, 'gram', text.gram, 120)}
        </div>
        <div class="figures">
          <Numbers view={view} facts={layerFacts} />
          <Layers model={model} view={view} />
        </div>
      </div>
      <Travel {...{ model, view, image }} />
    </>
  );
}

/** Whether each output is one of the inputs. */
function onlyMoves({ matrix: { data }, singularValues: { length: n } }: MixingView): boolean {
  return (
    data.every((value) => value === 0 || value === 1) && data.reduce((sum, value) => sum + value, 0) === n
  );
}

const conditionOf = ({ singularValues }: MixingView): number => singularValues[0]! / singularValues.at(-1)!;

function Judged({ view, distance, moves }: { view: MixingView; distance: number; moves: boolean }) {
  const condition = conditionOf(view);
  if (!Number.isFinite(condition)) return <Verdict mark="error">{text.singular}</Verdict>;
  if (moves) return <Verdict mark="ok">{text.reorders}</Verdict>;
  if (distance < orthogonal) return <Verdict mark="ok">{text.orthogonal(compact(distance))}</Verdict>;
  const [high, low] = [view.singularValues[0]!, view.singularValues.at(-1)!];
  const sentence = text.stretches(compact(high), compact(low), compact(condition));
  return condition >= costly ? (
    <Verdict mark="notice">{sentence + text.digits(fixed(Math.log10(condition), 1))}</Verdict>
  ) : (
    <Verdict mark="ok">{sentence}</Verdict>
  );
}

function SingularValues({ values }: { values: Float32Array }) {
  const seen = Array.from(values).filter((value) => value > 0 && Number.isFinite(value));
  // At least from ½ to 2, so that an orthogonal matrix looks like one.
  const [low, high] = [Math.min(0.5, ...seen), Math.max(2, ...seen)];
  const [left, room] = [34, 34 * values.length];
  return (
    <Chart
      label={`${text.singularValues}, ${text.logAxis}`}
      height={104}
      {...{ left, right: 0, top: 8, foot: 18 }}
      x={{
        ...{ low: -0.5, high: values.length - 0.5 },
        ticks: (width) => (width - left < room ? [] : [...values.keys()]),
        textOf: (i) => fixed(values[i], 2),
      }}
      y={{
        ...{ low: low / 1.1, high: high * 1.1, scale: logarithmic, axis: 1 },
        ticks: () =>
          logTicks(low / 1.1, high * 1.1).filter((value) => high / low > 20 || [0.5, 1, 2].includes(value)),
      }}
    >
      <Stems values={values} />
    </Chart>
  );
}

/** From 1 to each value. */
function Stems({ values }: { values: Float32Array }) {
  const { x, y } = usePlace();
  return Array.from(values, (value, i) => {
    const end = y.at(Math.max(value, y.low));
    return (
      <g key={i} class={value >= 1 ? 'more' : 'less'} data-singular={value}>
        <line x1={x.at(i)} x2={x.at(i)} y1={y.at(1)} y2={end} />
        <circle class="dot" cx={x.at(i)} cy={end} r={values.length > 40 ? 1.5 : 3} />
      </g>
    );
  });
}

function Numbers({ view, facts }: { view: MixingView; facts: MixingView['all'][number] }) {
  const { places } = view;
  const nats = (value: number): string => `${signed(value, 3)} ${words.nats}`;
  const rows: [string, string][] = [
    [places > 1 ? text.perPlace : text.logDet, nats(facts.logDet)],
    ...(places > 1 ? [[text.allPlaces(places), nats(facts.logDet * places)] as [string, string]] : []),
    [text.condition, compact(conditionOf(view))],
    [text.distance, compact(facts.distance)],
  ];
  return (
    <div>
      <Heading title={text.numbers} />
      <Pairs class="matrix-numbers listed" of={rows} />
    </div>
  );
}

/** All mixing layers; a click shows one. */
function Layers({ model, view: { all, layer } }: { model: ModelSummary; view: MixingView }) {
  const store = useStore();
  return (
    <DataTable
      frame={{ class: 'scroll-x mixing-layers', 'aria-label': text.layers }}
      class="rows-table"
      rows={all}
      tr={(each) => ({ 'aria-selected': each.layer === layer })}
      columns={[
        {
          head: words.layerAxis,
          cell: ({ layer: index }, place) => (
            <button type="button" class="plain" onClick={() => store.selectLayer(index)}>
              {`${shortName(model.layers[index]!)} ${place + 1}`}
            </button>
          ),
        },
        { head: text.logDet, num: ({ logDet }) => signed(logDet, 2) },
        { head: text.short, num: ({ distance }) => fixed(distance, 2) },
      ]}
    />
  );
}

const shareScale = (): ColorScale => magnitudeScale(1);

/** From 1, a feature in one place. */
const spreadScale = (high: number) => (): ColorScale => {
  const { at } = magnitudeScale(high - 1);
  return { low: 1, high, at: (value) => at(value - 1) };
};

/** How features travel through all mixing layers of a size: the way of each, or how far each is spread and the way of one. */
function Travel({ model, view, image }: { model: ModelSummary; view: MixingView; image: boolean }) {
  const n = view.singularValues.length;
  const many = n > fewMixed;
  const stages = [text.in, ...view.all.map(({ layer }) => String(layer))];
  const store = useStore();
  // Rows are the features of x, whichever layer is looked at.
  const whole = store.model.value ?? model;
  const nameOf = (feature: number): string => (image ? String(feature) : featureName(whole, feature));
  const stageText = (stage: number): string =>
    stage === 0 ? text.before : text.afterLayer(view.all[stage - 1]!.layer);
  const spreadOf = (feature: number, stage: number): number => view.spread.data[stage * n + feature]!;
  const last = stages.length - 1;
  const sorted = Array.from({ length: n }, (_, i) => i).sort((a, b) => spreadOf(b, last) - spreadOf(a, last));
  const [most, least] = [sorted[0]!, sorted.at(-1)!];
  const mixes = spreadOf(most, last) > 1.0005;
  const legend = <Legend scale={shareScale} unit={text.share} width={140} />;
  const shared = {
    rows: n,
    columns: stages.length,
    columnName: (stage: number): string => stages[stage]!,
    labelWidth: 40,
  };
  /** Over how many places each feature is spread; a row that is picked is followed. */
  const spread = (): ComponentChildren => {
    const scale = spreadScale(Math.max(1.01, ...view.spread.data));
    const long = Array.from({ length: n }, (_, i) => nameOf(i)).some((name) => name.length > 4);
    return (
      <div class="row-map">
        <MatrixView
          {...{ ...shared, scale }}
          rowName={(feature) => (long ? featureName(undefined, feature) : nameOf(feature))}
          at={spreadOf}
          label={text.spreadNote}
          hint={text.chooseOne}
          name="spread"
          chosen={view.followed[0]}
          onPick={store.isSaved ? undefined : (feature) => (store.marked.value = feature)}
          read={(feature, stage) =>
            text.spreadRead(nameOf(feature), stageText(stage), fixed(spreadOf(feature, stage), 1))
          }
        />
        <Legend scale={scale} unit={text.places} width={140} />
      </div>
    );
  };
  /** Where one feature is after each layer. */
  const way = (feature: number, row: number): ComponentChildren => {
    const name = nameOf(feature);
    const over = text.over(fixed(spreadOf(feature, last), 1), n);
    const at = (place: number, stage: number): number =>
      view.shares.data[(row * stages.length + stage) * n + place]!;
    return (
      <div class="row-map" key={feature}>
        <Heading title={many ? text.wayOf(name) : name} note={over} />
        <MatrixView
          {...{ ...shared, at }}
          rowName={(place) => String(place + 1)}
          scale={shareScale}
          label={`${text.wayOf(name)}, ${over}`}
          hint={words.cellHint}
          hinted={false}
          name="way"
          read={(place, stage) =>
            text.shareRead(String(place + 1), stageText(stage), percent(at(place, stage)))
          }
        />
        {many ? legend : null}
      </div>
    );
  };
  return (
    <section class="travel below">
      <Heading
        title={image ? text.travelChannels : text.travel}
        note={many ? text.spreadNote : text.travelNote}
      />
      <p class="tick">
        {mixes
          ? text.ends(
              nameOf(most),
              fixed(spreadOf(most, last), 1),
              n,
              nameOf(least),
              fixed(spreadOf(least, last), 1),
            )
          : text.stays(n)}
      </p>
      <div class="row-maps flex-wrap">
        {many ? spread() : null}
        {Array.from(view.followed, way)}
      </div>
      {many ? null : legend}
    </section>
  );
}
