/** Examples of the data, a page at a time, each with what it costs. */
import type { ExamplePage } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import { examplesQuery } from '../../src/protocol/questions';
import { Segmented } from '../controls/segmented';
import { Button } from '../controls/toolkit';
import { item } from '../draw/planes';
import { fixed } from '../format/numbers';
import { useStore } from '../state/use-store';
import { text } from '../strings';
import { Asked, Message } from '../views/state-box';
import { Rows } from './rows';
import { Tiles } from './tiles';

export function Examples({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { split, offset } = store.page.value;
  const total = model.splits.find((s) => s.name === split)?.count ?? 0;
  if (model.splits.length === 0)
    return <Message title={text.noExamples} why={model.splitsReason ?? text.noExamplesWhy} />;
  const size = examplesQuery(model, split, 0).count;
  const to = Math.min(total, offset + size);
  const recorded = store.connection.choices !== undefined;
  return (
    <>
      <div class="ctl">
        <Segmented
          label={text.split}
          value={split}
          options={model.splits.map((s) => ({ value: s.name, text: s.name }))}
          onChange={(value) => (store.page.value = { split: value, offset: 0 })}
        />
        <span class="spring" />
        <Button
          icon
          label={text.previousPage}
          disabled={offset === 0 || recorded}
          onClick={() => (store.page.value = { split, offset: Math.max(0, offset - size) })}
        >
          ‹
        </Button>
        <span class="tick">{text.pageOf(offset + 1, to, total)}</span>
        <Button
          icon
          label={text.nextPage}
          disabled={to >= total || recorded}
          onClick={() => (store.page.value = { split, offset: offset + size })}
        >
          ›
        </Button>
      </div>
      <Asked question={store.examples}>{(page) => <Page model={model} page={page} split={split} />}</Asked>
    </>
  );
}

function Page({
  model,
  page,
  split,
}: {
  model: ModelSummary;
  page: ExamplePage;
  split: 'train' | 'validation';
}) {
  const store = useStore();
  const n = page.values.shape[0]!;
  const now = store.example.value;
  const isNow = (index: number): boolean =>
    now?.kind === 'data' && now.split === split && now.index === index;
  const cost = (i: number): string => fixed(page.bitsPerDim?.[i] ?? page.nats[i], 2);
  const unit = page.bitsPerDim ? text.bitsPerDim : text.nats;
  const allowed = (index: number): boolean =>
    store.connection.choices?.examples.some(
      (e) => e.kind === 'data' && e.split === split && e.index === index,
    ) ?? true;
  const choose = (index: number): void => store.selectExample({ kind: 'data', split, index });
  const indices = Array.from({ length: n }, (_, i) => page.offset + i);
  if (model.kind === 'image')
    return (
      <>
        <Tiles
          label={text.examples}
          name="example"
          levels={model.levels ?? 256}
          tiles={indices.map((index, i) => ({
            key: index,
            label: text.exampleItem(split, index, `${cost(i)} ${unit}`),
            caption: cost(i),
            picture: item(page.values, i),
            pressed: isNow(index),
            disabled: !allowed(index),
          }))}
          onPick={(i) => choose(indices[i]!)}
        />
        <p class="tick">{unit}</p>
      </>
    );
  return (
    <Rows
      model={model}
      label={text.examples}
      values={page.values}
      count={n}
      name={(row) => String(indices[row])}
      lead={[{ head: unit, cell: cost }]}
      selected={(row) => isNow(indices[row]!)}
      disabled={(row) => !allowed(indices[row]!)}
      onPick={(row) => choose(indices[row]!)}
    />
  );
}
