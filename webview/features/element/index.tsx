/** log p of the example, element by element: maps over the image, or a row for each feature. */
import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { Contribution } from '../../../src/protocol/contribution';
import type { ModelSummary } from '../../../src/protocol/model';
import type { NdArray } from '../../../src/protocol/tensors';
import { type RegionFeature, stateOf, ask } from '../../base/store/store';
import { Segmented } from '../../base/controls/segmented';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { largest, type Plane, pixelRange } from '../../base/canvas/planes';
import { trimmedRange } from '../../base/canvas/trimmed';
import { fixed, roundUp, signed } from '../../base/format/numbers';
import { useStore, AnswerView, Message } from '../../base/store/use-store';
import { featureName, layerPhrase, layersName, normsName } from '../../base/layers/layer-names';
import { DataTable, type TableColumn } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { HeatMap, Picture } from '../../base/canvas/canvas';
import { stripState } from '../../base/store/strip-state';
import { text } from './text';
import './style.css';

const elementState = stateOf((store) =>
  ask(store.context, 'contribution', () =>
    store.shows('element') && store.example.value ? store.selection.value : null,
  ),
);

export const element: RegionFeature = {
  id: 'element',
  region: 'diagnostics',
  title: ({ kind }) => (kind === 'image' ? text.byPixel : text.byFeature),
  state: elementState,
  View: ByElement,
};

const side = 112;

function ByElement({ model }: { model: ModelSummary }) {
  const store = useStore();
  if (!store.example.value) return <Message title={text.noExample} why={text.costNoExample} />;
  return (
    <AnswerView question={store.state(elementState)}>
      {(shares) => (
        <div class="by-element flex-column">
          {model.kind === 'image' ? (
            <Maps model={model} shares={shares} />
          ) : (
            <Features model={model} shares={shares} />
          )}
          <p class="tick">
            {text.costPlace}
            {shares.spread.length > 0 ? ` ${text.costSpread(namesOf(model, shares.spread))}` : ''}
          </p>
        </div>
      )}
    </AnswerView>
  );
}

/** "standardize, LU mixing (9)": layers of one name are counted. */
function namesOf({ layers }: ModelSummary, indices: readonly number[]): string {
  const counts = new Map<string, number>();
  for (const layer of layers.filter(({ index }) => indices.includes(index)))
    counts.set(layerPhrase(layer), (counts.get(layerPhrase(layer)) ?? 0) + 1);
  return [...counts].map(([name, n]) => (n > 1 ? `${name} (${n})` : name)).join(', ');
}

function partsOf(model: ModelSummary, shares: Contribution) {
  const layers = layersName(model);
  const norms = normsName(model);
  return [
    { name: text.costTotal, map: shares.total },
    ...(layers === undefined ? [] : [{ name: layers, map: shares.couplings }]),
    ...(norms === undefined ? [] : [{ name: norms, map: shares.norm }]),
    {
      name: model.levels === undefined ? words.preprocessing : text.costPreprocessing,
      map: shares.preprocessing,
    },
    { name: words.logPZ, map: shares.prior },
  ];
}

/** Bits of one channel, or of all of a pixel's channels together. */
function bitsPlane({ shape, data }: NdArray<Float32Array>, channel: number | undefined): Plane {
  const [height = 1, width = 1, channels = 1] = shape;
  const values = new Float32Array(height * width);
  for (let i = 0; i < values.length; i++) {
    for (let c = 0; c < channels; c++)
      if (channel === undefined || channel === c) values[i]! += data[i * channels + c]! / Math.LN2;
  }
  return { width, height, values };
}

const sumOf = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

function Maps({ model, shares }: { model: ModelSummary; shares: Contribution }) {
  const store = useStore();
  const chosen = useSignal<string>('sum');
  const over = useSignal<number | undefined>(undefined);
  const channels = model.shape[2] ?? 1;
  const channel = chosen.value === 'sum' ? undefined : Number(chosen.value);
  const planes = partsOf(model, shares).map(({ name, map }) => ({
    name,
    plane: bitsPlane(map, channel),
    mean: sumOf(map.data) / Math.LN2 / map.data.length,
  }));
  // One pixel in a place that the flow never saw may cost more than all others together.
  const values = planes.map(({ plane }) => plane.values);
  const { limit, full, beyond } = trimmedRange(values, roundUp(largest(...values)));
  const scale = (light: boolean) => signedScale(limit, light);
  const input = store.state(stripState).strip.found.value?.input;
  const bits = -shares.parts.nats / Math.LN2;
  return (
    <>
      <div class="cost-head flex-wrap">
        <b data-cost-sum>
          {text.costSum(
            signed(bits, 1),
            signed(shares.parts.bitsPerDim === undefined ? undefined : -shares.parts.bitsPerDim, 2),
          )}
        </b>
        <span class="tick">{text.costHint}</span>
        {channels > 1 ? (
          <Segmented
            label={text.costChannels}
            value={chosen.value}
            options={[
              { value: 'sum', text: words.sum },
              ...Array.from({ length: channels }, (_, c) => ({
                value: String(c),
                text: 'RGB'[c] ?? String(c),
              })),
            ]}
            onChange={(value) => (chosen.value = value)}
          />
        ) : null}
        <Readout over={over} plane={planes[0]!.plane} />
      </div>
      <div class="cost-maps flex-wrap">
        {input ? (
          <figure>
            <Picture picture={input} range={pixelRange(model)} size={side} name="cost-input" label="x" />
            <figcaption class="flex-column">x</figcaption>
          </figure>
        ) : null}
        {planes.map(({ name, plane, mean }) => (
          <figure key={name} data-cost={name}>
            <HeatMap
              {...{ plane, scale }}
              size={side}
              label={text.costOf(name)}
              name="cost"
              onPoint={(cell) => (over.value = cell)}
            />
            <figcaption class="flex-column">
              <span>{name}</span>
              <span class="tick num">{text.costPart(signed(mean, 2))}</span>
            </figcaption>
          </figure>
        ))}
        <div class="cost-legend">
          <Legend scale={scale} unit={text.costBits} width={side} />
          {beyond > 0 ? <p class="tick">{words.beyondRange(beyond, full)}</p> : null}
        </div>
      </div>
    </>
  );
}

/** Alone in following the pointer: the maps and their range stay as they are. */
function Readout({ over, plane }: { over: ReadonlySignal<number | undefined>; plane: Plane }) {
  const at = over.value;
  return (
    <span class="tick readout" aria-hidden="true">
      {at === undefined
        ? ' '
        : text.costAt(Math.floor(at / plane.width), at % plane.width, signed(plane.values[at], 2))}
    </span>
  );
}

function Features({ model, shares }: { model: ModelSummary; shares: Contribution }) {
  const store = useStore();
  const input = store.state(stripState).strip.found.value?.input;
  return (
    <>
      <div class="cost-head flex-wrap">
        <b data-cost-sum>{text.costSumNats(signed(-shares.parts.nats, 2))}</b>
        <span class="tick">{text.costHintNats}</span>
      </div>
      <DataTable
        frame={{ 'aria-label': text.byFeature }}
        class="rows-table"
        rows={Array.from(shares.total.data)}
        tr={(_, f) => ({ 'data-feature': f })}
        columns={[
          { head: words.name, cell: (_, f) => featureName(model, f) },
          { head: 'x', num: (_, f) => fixed(input?.data[f], 2) },
          ...partsOf(model, shares).map(({ name, map }): TableColumn<number> => ({
            head: name,
            num: (_, f) => signed(map.data[f], 2),
          })),
        ]}
      />
    </>
  );
}
