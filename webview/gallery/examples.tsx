/** Examples of the data, a page at a time, each with what it costs. */
import type { ExamplePage } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import { examplesQuery } from '../../src/protocol/questions';
import { Segmented } from '../controls/segmented';
import { Button } from '../controls/toolkit';
import { item } from '../draw/planes';
import { fixed } from '../format/numbers';
import { useStore } from '../state/use-store';
import { featureName } from '../strip/layer-names';
import { text } from '../strings';
import { Picture } from '../views/canvas';
import { Asked, Message } from '../views/state-box';

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
  if (model.kind === 'image')
    return (
      <>
        <div class="pick">
          {Array.from({ length: n }, (_, i) => {
            const index = page.offset + i;
            return (
              <button
                key={index}
                type="button"
                aria-pressed={isNow(index)}
                disabled={!allowed(index)}
                aria-label={text.exampleItem(split, index, `${cost(i)} ${unit}`)}
                onClick={() => choose(index)}
              >
                <Picture picture={item(page.values, i)} levels={model.levels ?? 256} name="example" />
                <span class="tick">{cost(i)}</span>
              </button>
            );
          })}
        </div>
        <p class="tick">{unit}</p>
      </>
    );
  const features = page.values.shape[1] ?? 0;
  const shown = Math.min(features, 12);
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label={text.examples}>
      <table class="rows-table">
        <thead>
          <tr>
            <th>{text.number}</th>
            <th class="num">{unit}</th>
            {Array.from({ length: shown }, (_, f) => (
              <th key={f} class="num">
                {featureName(model, f)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: n }, (_, i) => {
            const index = page.offset + i;
            return (
              <tr key={index} aria-selected={isNow(index)}>
                <td>
                  <button
                    type="button"
                    class="linklike"
                    disabled={!allowed(index)}
                    onClick={() => choose(index)}
                  >
                    {index}
                  </button>
                </td>
                <td class="num">{cost(i)}</td>
                {Array.from({ length: shown }, (_, f) => (
                  <td key={f} class="num">
                    {fixed(page.values.data[i * features + f], 2)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
