/** What a conditional flow makes of its conditions. */
import { useSignal } from '@preact/signals';
import { hasConditions } from '../../../src/protocol/questions';
import type { ModelSummary, LayerInfo } from '../../../src/protocol/model';
import type { AtConditions, ContextUse } from '../../../src/protocol/conditions';
import type { LayerFeature, Store } from '../../base/store/store';
import { nameOf, vector, type ViewData } from '../../base/view-data/view-data';
import { MapSkeleton } from '../../base/layers/layer-tab';
import { useFeature, AnswerView, useStore } from '../../base/store/use-store';
import { Picture } from '../../base/canvas/canvas';
import { item, pixelRange, largest } from '../../base/canvas/planes';
import { signed, compact, fixed, percent, roundUp } from '../../base/format/numbers';
import { Heading } from '../../base/controls/heading';
import { magnitudeScale, Legend } from '../../base/canvas/color-maps';
import type { Rgb } from '../../base/canvas/theme';
import { Pager } from '../../base/controls/pager';
import { layerPhrase, shortName } from '../../base/layers/layer-names';
import { Verdict } from '../../base/layers/verdict';
import { DataTable, type TableColumn } from '../../base/controls/data-table';
import { conditionsState } from './state';
import { text } from './text';
import { SideBySide, SideBySideControls, ClassPager, MostLikely, namesOf, shares } from './side-by-side';
import './style.css';

/** One row for each number of the context, one column for each layer that reads it. */
function conditionNumbers(store: Store, model: ModelSummary): ViewData {
  const use = store.state(conditionsState).use.found.value;
  if (!use) return {};
  const conditions = Array.from(use.flow, (_, i) => i);
  return {
    columns: [
      { name: 'condition', values: conditions.map((i) => model.context?.names[i] ?? String(i)) },
      ...use.reads.flatMap((reads, layer) =>
        reads
          ? [
              {
                name: nameOf(model, layer),
                values: conditions.map((i) => use.layers.data[layer * use.flow.length + i]),
              },
            ]
          : [],
      ),
      { name: 'flow', values: [...use.flow] },
    ],
    arrays: { layers: use.layers, flow: vector(use.flow) },
  };
}

export const conditions: LayerFeature = {
  id: 'conditions',
  region: 'layer',
  title: () => text.tab,
  applies: hasConditions,
  ofData: true,
  state: conditionsState,
  View: ({ model, layer }) => <ConditionsTab model={model} layer={layer} />,
  numbers: conditionNumbers,
};

function ConditionsTab({ model, layer }: { model: ModelSummary; layer: LayerInfo }) {
  const { use, sideBySide } = useFeature(conditionsState);
  return (
    <>
      <AnswerView question={use} skeleton={<MapSkeleton />}>
        {(found) => <Listens {...{ model, layer }} use={found} />}
      </AnswerView>
      <section class="at-conditions below">
        <SideBySideControls model={model} />
        <AnswerView question={sideBySide} skeleton={<MapSkeleton />}>
          {(found) =>
            model.kind === 'image' ? (
              <PictureRows {...{ model, found }} />
            ) : (
              <SideBySide {...{ model, found }} />
            )
          }
        </AnswerView>
      </section>
    </>
  );
}

/** Samples of an image flow at each value of a condition, by the same latents: a row of pictures for each. */
function PictureRows({ model, found }: { model: ModelSummary; found: AtConditions }) {
  const { at, vary } = found;
  const { isClass, name, valueText } = namesOf(model, vary);
  const titleOf = (value: number): string => (isClass ? valueText(value) : `${name} = ${valueText(value)}`);
  return (
    <>
      <MostLikely {...{ model, found }} />
      <div class="picture-rows">
        {at.map(({ value, samples, logProb }, i) => (
          <figure key={value} data-value={value}>
            <Heading
              class="ends"
              title={titleOf(value)}
              note={[
                ...(isClass ? [] : [shares[i]]),
                ...(logProb === undefined ? [] : [text.logProb(signed(logProb, 2))]),
              ].join('; ')}
            />
            <div class="pictures" role="img" aria-label={text.picturesAt(samples.shape[0]!, titleOf(value))}>
              {Array.from({ length: samples.shape[0]! }, (_, k) => (
                <Picture key={k} picture={item(samples, k)} range={pixelRange(model)} name="at condition" />
              ))}
            </div>
          </figure>
        ))}
      </div>
      <ClassPager {...{ model, vary }} />
      <p class="tick">
        {text.sameLatents} {isClass ? '' : text.quantiles}
      </p>
    </>
  );
}

/** Rows of a page. */
const pageSize = 24;
/** A condition is hardly heard below this share of the one that is heard most. */
const hardly = 0.02;
/** Conditions that a sentence names. */
const named = 4;

/** Which layer makes something of which condition: a table in colors, and what the whole flow makes of it. */
function Listens({ model, layer, use }: { model: ModelSummary; layer: LayerInfo; use: ContextUse }) {
  const store = useStore();
  const offset = useSignal(0);
  const names = model.context!.names;
  const size = names.length;
  const shown = Array.from(names, (_, i) => i).slice(offset.value, offset.value + pageSize);
  const scale = () => magnitudeScale(roundUp(largest(use.layers.data)));
  return (
    <section class="listens">
      <Heard names={names} use={use} />
      <Heading title={text.listens} note={text.listensNote(use.count)} />
      <DataTable
        frame={{ 'aria-label': text.listens }}
        rows={shown}
        tr={(condition) => ({ 'data-condition': names[condition] })}
        columns={[
          {
            head: <span class="sr">{text.condition}</span>,
            td: (condition) => ({ title: names[condition] }),
            name: (condition) => names[condition],
          },
          ...model.layers.map((info): TableColumn<number> => {
            const head = (
              <button
                type="button"
                class="plain"
                title={info.name}
                aria-current={info.index === layer.index}
                onClick={() => store.selectLayer(info.index)}
              >
                {info.coupling === undefined ? shortName(info) : layerPhrase(info)}
              </button>
            );
            if (!use.reads[info.index])
              return {
                head,
                td: () => ({ class: 'deaf', title: text.deaf }),
                cell: () => <span class="sr">{text.deaf}</span>,
              };
            const valueOf = (condition: number): number => use.layers.data[info.index * size + condition]!;
            const style = (value: number) => (Number.isFinite(value) ? colors(scale().at(value)) : undefined);
            return {
              head,
              td: (condition) => ({ 'data-value': valueOf(condition), style: style(valueOf(condition)) }),
              cell: (condition) => figure(valueOf(condition)),
            };
          }),
          {
            head: text.flow,
            th: { title: text.flowWhy },
            td: (condition) => ({ class: 'whole', 'data-value': use.flow[condition] }),
            cell: (condition) => figure(use.flow[condition]!),
          },
        ]}
      />
      <Pager
        offset={offset.value}
        size={pageSize}
        total={size}
        things={text.conditions}
        label={text.pages}
        onChange={(next) => (offset.value = next)}
      />
      <Legend scale={scale} width={120} />
    </section>
  );
}

/** Two decimals, or more where they would say 0. */
const figure = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.005 ? compact(value) : fixed(value, 2);

/** Black or white, whichever is read better on the color: one of them has a contrast of at least 4.5. */
function colors(rgb: Rgb): { background: string; color: string } {
  const linear = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  return { background: `rgb(${rgb.join()})`, color: luminance > 0.179 ? '#000000' : '#ffffff' };
}

function Heard({ names, use }: { names: readonly string[]; use: ContextUse }) {
  const most = use.flow.reduce((best, value, i) => (value > use.flow[best]! ? i : best), 0);
  const by = figure(use.flow[most]!);
  const quiet = names.filter((_, i) => use.flow[i]! < hardly * use.flow[most]!);
  const reading = use.reads.filter(Boolean).length;
  return (
    <Verdict mark={quiet.length > 0 ? 'notice' : 'ok'}>
      {[
        names.length === 1 ? text.only(names[0]!, by) : text.movesMost(names[most]!, by),
        ...(quiet.length > 0
          ? [
              text.hardly(
                quiet.slice(0, named).join(', ') + (quiet.length > named ? ', …' : ''),
                percent(hardly),
              ),
            ]
          : []),
        text.readers(reading, use.reads.length),
        ...(use.priorReads ? [text.prior] : []),
      ].join(' ')}
    </Verdict>
  );
}
