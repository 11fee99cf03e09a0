/** Examples of the data, a page at a time, each with what it costs. */
import { useRef } from 'preact/hooks';
import type { ModelSummary } from '../../../src/protocol/model';
import type { ExamplePage } from '../../../src/protocol/inspect';
import type { RegionFeature, Store } from '../../base/store/store';
import { words } from '../../base/words';
import { valuesOf, vector, type ViewData } from '../../base/view-data/view-data';
import { Menu } from '../../base/controls/menu';
import { Segmented } from '../../base/controls/segmented';
import { Neighbors } from '../../base/controls/pager';
import { Dropdown } from '../../base/controls/toolkit';
import { fixed, shortened } from '../../base/format/numbers';
import { baseName, populationState } from '../../base/store/population-state';
import { useStore, useFeature, AnswerView, Message } from '../../base/store/use-store';
import { splitName } from '../../base/split-name';
import { examplesState, type ExampleOrder } from './state';
import { text } from './text';
import { CostList, Ranked } from './ranked';

function exampleNumbers(store: Store, model: ModelSummary): ViewData {
  const state = store.state(examplesState);
  if (state.listed.value) return rankedNumbers(store, model.levels !== undefined);
  const page = state.examples.found.value;
  if (!page) return {};
  const { values, nats, bitsPerDim, labels, offset } = page;
  return {
    columns: [
      { name: 'example', values: Array.from(nats, (_, i) => offset + i) },
      { name: 'nll', unit: 'nats', values: nats },
      ...(bitsPerDim ? [{ name: 'bits_per_dim', values: bitsPerDim }] : []),
      ...(labels ? [{ name: 'label', values: labels.map((label) => label ?? undefined) }] : []),
      ...valuesOf(values, 1),
    ],
    arrays: { examples: values, nats: vector(nats) },
  };
}

/** The page that is shown: examples by how likely they are, from the data or from the user's own. */
function rankedNumbers(store: Store, bits: boolean): ViewData {
  const { listed, shown, pictures } = store.state(examplesState);
  const population = listed.value;
  const values = pictures.found.value?.values;
  if (!population || !values || values.shape[0] !== shown.value.length) return {};
  const scores = shown.value.map((place) => population.scores[place]);
  return {
    columns: [
      { name: 'example', values: shown.value.map((place) => population.indices[place]) },
      bits ? { name: 'bits_per_dim', values: scores } : { name: 'nll', unit: 'nats', values: scores },
      ...valuesOf(values, 1),
    ],
    arrays: {
      examples: values,
      [bits ? 'bits_per_dim' : 'nats']: vector(scores.map((score) => score ?? NaN)),
    },
  };
}

export const examples: RegionFeature = {
  id: 'examples',
  region: 'gallery',
  title: () => words.examples,
  state: examplesState,
  View: Examples,
  numbers: exampleNumbers,
};

function Examples({ model }: { model: ModelSummary }) {
  const store = useStore();
  const population = store.state(populationState);
  const examples = store.state(examplesState);
  const { split } = examples.page.value;
  const last = useRef<{ page: ExamplePage; split: typeof split } | undefined>(undefined);
  // A page that stays until the next one comes is still of its own split.
  const splitOf = (page: ExamplePage): typeof split => {
    if (last.current?.page !== page) last.current = { page, split };
    return last.current.split;
  };
  if (model.splits.length === 0 && population.userPath.value === undefined)
    return (
      <Message title={text.noExamples} why={model.splitsReason ?? text.noExamplesWhy}>
        {store.fixed.value ? null : <UserDataMenu />}
      </Message>
    );
  const ranked = examples.order.value !== 'index' || examples.showsUserData.value;
  return (
    <>
      <div class="ctl">
        <SourceChoice model={model} />
        <span class="spring" />
        {store.fixed.value ? null : <UserDataMenu />}
      </div>
      {population.problem.value ? <p class="bad tick">{population.problem.value}</p> : null}
      <div class="ctl">
        {store.isSaved ? null : <OrderChoice />}
        <span class="spring" />
        <Pager model={model} ranked={ranked} />
      </div>
      {ranked ? (
        <Ranked model={model} />
      ) : (
        <AnswerView question={examples.examples}>
          {(page) => <Page model={model} page={page} split={splitOf(page)} />}
        </AnswerView>
      )}
    </>
  );
}

/** A split, or the user's own data. */
function SourceChoice({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { userPath } = store.state(populationState);
  const { page, showsUserData, offset } = store.state(examplesState);
  const options = [
    ...model.splits.map((s) => ({ value: s.name, text: splitName(model, s.name) })),
    ...(userPath.value === undefined
      ? []
      : [{ value: 'own', text: shortened(baseName(userPath.value), 10) }]),
  ];
  return (
    <Segmented
      label={text.split}
      value={userPath.value !== undefined && showsUserData.value ? 'own' : page.value.split}
      options={options}
      onChange={(value) => {
        showsUserData.value = value === 'own';
        offset.value = 0;
        if (value === 'train' || value === 'validation') page.value = { split: value, offset: 0 };
      }}
    />
  );
}

function UserDataMenu() {
  const { userPath } = useFeature(populationState);
  const { choose, drop } = useFeature(examplesState);
  return (
    <Menu
      label={text.userData}
      items={[
        { text: words.folderOfImages, run: () => void choose('folder') },
        { text: text.userFile, run: () => void choose('file') },
        ...(userPath.value === undefined ? [] : [{ text: text.dropUserData, run: () => drop() }]),
      ]}
    />
  );
}

function OrderChoice() {
  const { order, offset } = useFeature(examplesState);
  return (
    <Dropdown
      label={text.order}
      value={order.value}
      options={[
        { value: 'index', text: text.orderIndex },
        { value: 'most', text: text.orderMost },
        { value: 'least', text: text.orderLeast },
      ]}
      onChange={(value) => {
        order.value = value as ExampleOrder;
        offset.value = 0;
      }}
    />
  );
}

function Pager({ model, ranked }: { model: ModelSummary; ranked: boolean }) {
  const store = useStore();
  const examples = store.state(examplesState);
  const { split } = examples.page.value;
  const size = examples.pageSize.value;
  const offset = ranked ? examples.offset.value : examples.page.value.offset;
  const total = ranked
    ? (examples.listed.value?.indices.length ?? 0)
    : (model.splits.find((s) => s.name === split)?.count ?? 0);
  const to = Math.min(total, offset + size);
  const go = (next: number): void => {
    if (ranked) examples.offset.value = next;
    else examples.page.value = { split, offset: next };
  };
  return (
    <Neighbors
      names={[words.previousPage, words.nextPage]}
      has={[offset > 0 && !store.isSaved, to < total && !store.isSaved]}
      go={(by) => go(Math.max(0, offset + by * size))}
    >
      <span class="tick">{text.pageOf(Math.min(total, offset + 1), to, total)}</span>
    </Neighbors>
  );
}

interface PageProps {
  model: ModelSummary;
  page: ExamplePage;
  split: 'train' | 'validation';
}

function Page({ model, page, split }: PageProps) {
  const store = useStore();
  const n = page.values.shape[0]!;
  const now = store.example.value;
  const isNow = (index: number): boolean =>
    now?.kind === 'data' && now.split === split && now.index === index;
  const cost = (i: number): string => fixed(page.bitsPerDim?.[i] ?? page.nats[i], 2);
  const unit = page.bitsPerDim ? words.bitsPerDim : words.nats;
  const allowed = (index: number): boolean =>
    store.connection.choices?.examples.some(
      (e) => e.kind === 'data' && e.split === split && e.index === index,
    ) ?? true;
  const indices = Array.from({ length: n }, (_, i) => page.offset + i);
  return (
    <CostList
      model={model}
      values={page.values}
      unit={unit}
      examples={indices.map((index, i) => ({
        index,
        cost: cost(i),
        longName: text.exampleItem(split, index, `${cost(i)} ${unit}`),
        pressed: isNow(index),
        disabled: !allowed(index),
      }))}
      onPick={(index) => store.selectExample({ kind: 'data', split, index })}
    />
  );
}
