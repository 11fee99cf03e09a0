/** The selection that everything below is about, the number that comes of it, and the headline. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { BatchRef, ExampleRef } from '../../src/protocol/selection';
import type { PageCommand } from '../../src/protocol/webview';
import type { ModelSummary } from '../../src/protocol/model';
import { hasBatchMode } from '../../src/protocol/questions';
import { useFitting } from '../base/controls/tabs';
import { Menu } from '../base/controls/menu';
import { Neighbors } from '../base/controls/pager';
import { Popover } from '../base/controls/popover';
import { Segmented } from '../base/controls/segmented';
import { Button, Dropdown, TextField, LinkButton } from '../base/controls/toolkit';
import { WholeNumber } from '../base/examples/controls';
import { fixed, shortened } from '../base/format/numbers';
import { baseName, exampleTotal, shareBelow } from '../base/store/population-state';
import { isStale, latest } from '../base/store/store';
import { useStore, useFeature } from '../base/store/use-store';
import { layerPhrase, madeNames } from '../base/layers/layer-names';
import { InputThumbnail } from '../base/layers/thumbnails';
import { splitName } from '../base/split-name';
import { words } from '../base/words';
import { text } from './text';
import { ContextControls, RecordedCondition } from './context-controls';
import { OpenFile } from './example-file';
import { Headline, StepPicker } from './headline';
import { compareState } from '../features/compare/state';
import { diagnosticsState } from '../features/diagnostics/state';
import { stripState } from '../base/store/strip-state';
import { helpState } from './help-state';
import { historyState } from './history-state';
import { steppingState } from './stepping';

/** In the order in which they leave the row for the menu. */
const leaving = ['keys', 'statistics', 'export', 'norm', 'history', 'step', 'open', 'source'] as const;
type Control = (typeof leaving)[number];

/** Pixels for the menu's button. */
const dotsWidth = 26;

export function Bar({ model }: { model: ModelSummary }) {
  const { row, away } = useFitting(leaving, dotsWidth);
  const comparing = useFeature(compareState).path.value !== undefined;
  const help = useFeature(helpState);
  const controls: Record<Control, () => ComponentChildren> = {
    history: () => <HistoryButtons />,
    source: () => <SourcePicker model={model} />,
    open: () => <OpenFile model={model} />,
    statistics: () => <BatchPicker model={model} />,
    norm: () => <NormPicker model={model} />,
    step: () => <StepPicker model={model} />,
    export: () => <ExportMenu model={model} />,
    keys: () => (
      <Button icon label={`${text.keys} (?)`} onClick={() => (help.value = true)}>
        ?
      </Button>
    ),
  };
  const inRow = (name: Control) =>
    away.includes(name) ? null : (
      <div class="fits" data-fit={name}>
        {controls[name]()}
      </div>
    );
  if (!model.runnable)
    return (
      <div class="bar" role="region" aria-label={text.selection}>
        <div class="bar-row flex-center">
          <span class="pair">{model.fileName}</span>
        </div>
      </div>
    );
  // Those that are away, in the order that they have in the row.
  const rest = (Object.keys(controls) as Control[]).filter((name) => away.includes(name));
  return (
    <div class="bar" role="region" aria-label={text.selection}>
      <div class="bar-row flex-center" ref={row}>
        {inRow('history')}
        <ExampleName model={model} />
        {inRow('source')}
        <ExamplePlace model={model} />
        {inRow('open')}
        {inRow('statistics')}
        {inRow('norm')}
        {inRow('step')}
        <span class="spring" />
        <Result model={model} />
        {inRow('export')}
        {inRow('keys')}
        {rest.length > 0 ? (
          <Popover label={text.moreControls}>
            {rest.map((name) => (
              <div key={name}>{controls[name]()}</div>
            ))}
          </Popover>
        ) : null}
      </div>
      {model.context || model.recording?.contextNames ? (
        <div class="bar-row flex-center">
          {model.context ? <ContextControls context={model.context} /> : null}
          {model.recording?.contextNames ? <RecordedCondition names={model.recording.contextNames} /> : null}
        </div>
      ) : null}
      {comparing ? null : <Headline model={model} />}
    </div>
  );
}

/** There also where they cannot be used, so that nothing moves when they can. */
function HistoryButtons() {
  const history = useFeature(historyState);
  return (
    <span class="pair tight" role="group" aria-label={text.history}>
      <Button icon label={text.goBack} disabled={!history.canGoBack.value} onClick={history.back}>
        ←
      </Button>
      <Button icon label={text.goForward} disabled={!history.canGoForward.value} onClick={history.forward}>
        →
      </Button>
    </span>
  );
}

function sourceOf(example: ExampleRef | undefined): string {
  if (!example) return 'none';
  return example.kind === 'data' ? example.split : example.kind;
}

function recordedName(choice: ExampleRef | null, model: ModelSummary): string {
  if (!choice) return text.none;
  const split = choice.kind === 'data' && splitName(model, choice.split);
  return 'index' in choice ? `${split || choice.kind} ${choice.index}` : choice.kind;
}

/** Name of an example from neither a split nor a sample, cut to the room that the bar has for a file's name. */
function fileName(example: ExampleRef | undefined): string | undefined {
  if (example?.kind === 'values' && example.name) return shortened(example.name, 16);
  if (example?.kind === 'file') return shortened(baseName(example.path), 16);
  return undefined;
}

function ExampleName({ model }: { model: ModelSummary }) {
  const input = useFeature(stripState).shownStrip.found.value?.input;
  return (
    <div class="pair">
      <span class="label">{words.example}</span>
      {model.kind === 'vector' ? null : (
        <span class="picture">
          <InputThumbnail model={model} input={input} size={24} />
        </span>
      )}
    </div>
  );
}

function SourcePicker({ model }: { model: ModelSummary }) {
  const store = useStore();
  const example = store.example.value;
  const input = store.state(stripState).shownStrip.found.value?.input;
  const recorded = store.connection.choices?.examples;
  const source = sourceOf(example);
  const vector = model.kind === 'vector';
  const options = [
    ...model.splits.map((split) => ({ value: split.name, text: splitName(model, split.name) })),
    ...((vector && !store.fixed.value) || source === 'values'
      ? [{ value: 'values', text: fileName(example) ?? words.typed }]
      : []),
    ...(example?.kind === 'file' ? [{ value: 'file', text: fileName(example)! }] : []),
    ...(source in madeNames ? [{ value: source, text: madeNames[source]! }] : []),
    ...(source === 'sample' || model.splits.length === 0 ? [{ value: 'sample', text: words.aSample }] : []),
    ...(source === 'none' || model.splits.length === 0 ? [{ value: 'none', text: text.none }] : []),
  ];
  const change = (value: string): void => {
    if (value === 'train' || value === 'validation')
      store.selectExample({ kind: 'data', split: value, index: 0 });
    else if (value === 'values')
      store.selectExample({
        kind: 'values',
        values: input ? [...input.data] : Array.from({ length: model.shape[0] ?? 1 }, () => 0),
      });
    else if (value === 'sample')
      store.selectExample({ kind: 'sample', ...store.samplesQuery.value, index: 0 });
    else if (value === 'none') store.selectExample(undefined);
  };
  return recorded ? (
    <Dropdown
      label={words.example}
      value={JSON.stringify(example ?? null)}
      options={(recorded.length > 0 ? recorded : [null]).map((choice) => ({
        value: JSON.stringify(choice),
        text: recordedName(choice, model),
      }))}
      onChange={(value) => store.selectExample(JSON.parse(value) as ExampleRef)}
    />
  ) : (
    <Dropdown label={text.exampleSource} value={source} options={options} onChange={change} />
  );
}

/** The index or values of the example, and buttons for the previous and the next one. */
function ExamplePlace({ model }: { model: ModelSummary }) {
  const store = useStore();
  const example = store.example.value;
  const recorded = store.connection.choices?.examples;
  const vector = model.kind === 'vector';
  const total = exampleTotal(store, example);
  return (
    <div class="pair">
      {!recorded && example && 'index' in example ? (
        <WholeNumber
          label={`${text.exampleIndex}, 0–${total - 1}`}
          value={example.index}
          size={5}
          below={total}
          onChange={(index) => store.selectExample({ ...example, index })}
        />
      ) : null}
      {vector && !recorded && example?.kind === 'values' ? (
        <ValuesField values={example.values} expected={model.shape[0] ?? 1} />
      ) : null}
      <span class="pair tight">
        {example && 'index' in example ? (
          <Neighbors
            names={[text.previousExample, text.nextExample]}
            go={store.state(steppingState).stepExample}
          />
        ) : null}
      </span>
    </div>
  );
}

function ValuesField({ values, expected }: { values: number[]; expected: number }) {
  const store = useStore();
  const problem = useSignal('');
  const shown = values.map((value) => Number(value.toPrecision(6))).join(', ');
  return (
    <span class="pair">
      <TextField
        label={problem.value || `${text.exampleValues}: ${expected}`}
        value={shown}
        size={18}
        invalid={problem.value !== ''}
        onCommit={(typed) => {
          if (typed === shown) return;
          const parts = typed.split(/[\s,;]+/).filter(Boolean);
          const numbers = parts.map(Number);
          if (numbers.length !== expected || !numbers.every(Number.isFinite)) {
            problem.value = text.wrongValueCount(expected, typed);
            return;
          }
          problem.value = '';
          store.selectExample({ kind: 'values', values: numbers });
        }}
      />
      {problem.value ? <span class="bad tick">{text.valuesExpected(expected)}</span> : null}
    </span>
  );
}

function BatchPicker({ model }: { model: ModelSummary }) {
  const store = useStore();
  const batch = store.batch.value;
  const key = (b: BatchRef): string => `${b.split} ${b.count}`;
  const choices: BatchRef[] = store.connection.choices?.batches ?? [
    ...model.splits.flatMap((split) =>
      [16, 64, 256].map((n) => ({ split: split.name, count: Math.min(n, split.count) })),
    ),
    ...(model.recording ? [] : [{ split: 'sample' as const, count: 64 }]),
  ];
  const unique = [...new Map([...choices, batch].map((b) => [key(b), b])).values()];
  return (
    <div class="pair">
      <span class="label">{text.statistics}</span>
      <Dropdown
        label={text.statistics}
        value={key(batch)}
        options={unique.map((b) => ({
          value: key(b),
          text:
            b.split === 'sample'
              ? text.batchOfSamples(b.count)
              : text.batchOf(b.count, splitName(model, b.split)),
        }))}
        onChange={(value) => {
          const found = unique.find((b) => key(b) === value);
          if (found) store.batch.value = found;
        }}
      />
    </div>
  );
}

function NormPicker({ model }: { model: ModelSummary }) {
  const store = useStore();
  if (!hasBatchMode(model)) return null;
  const allowed = store.connection.choices?.modes;
  return (
    <div class="pair">
      <span class="label">{text.batchNorm}</span>
      <Segmented
        label={text.batchNorm}
        value={store.mode.value}
        options={[
          { value: 'eval', text: text.evalMode, disabled: allowed && !allowed.includes('eval') },
          { value: 'train', text: text.trainMode, disabled: allowed && !allowed.includes('train') },
        ]}
        onChange={(value) => (store.mode.value = value)}
      />
    </div>
  );
}

function Result({ model }: { model: ModelSummary }) {
  const store = useStore();
  const shown = store.state(stripState).shownStrip.answer.value;
  // Until there is a new one, the one before stays, dimmed.
  const strip = latest(shown);
  const old = isStale(shown) ? 'old' : '';
  const parts = strip?.example ?? strip?.mean;
  const bits = model.levels !== undefined;
  const value = bits ? parts?.bitsPerDim : parts?.nats;
  const isExample = strip?.example || (!strip && store.example.value);
  const answer = store.state(diagnosticsState).diagnostics.found.value;
  const split = answer?.validation ? 'validation' : 'train';
  const share = strip?.example && shareBelow(answer?.[split], value);
  const first = strip?.firstNonFinite;
  const layer = first && model.layers.find((l) => l.index === first.layer);
  if (parts && layer && (value === undefined || !Number.isFinite(value)))
    return (
      <div class="pair" role="status">
        <span class="hero bad">{fixed(value ?? NaN, 2)}</span>
        <LinkButton class="linklike bad" onClick={() => store.selectLayer(layer.index)}>
          {text.firstAt(layerPhrase(layer, model))}
        </LinkButton>
      </div>
    );
  return (
    <div class={`pair result ${old}`} role="status">
      <span class="muted">
        −log p<span class="of"> {isExample ? text.ofThisExample : words.mean}</span>
      </span>
      <span class="hero" data-result={old ? undefined : ''}>
        {fixed(value, 2)}
      </span>
      <span class="muted">
        {bits ? words.bitsPerDim : words.nats}
        {share === undefined ? null : (
          <span class="than">, {text.likelierThan(share, splitName(model, split))}</span>
        )}
      </span>
    </div>
  );
}

function ExportMenu({ model }: { model: ModelSummary }) {
  const { connection } = useStore();
  if (connection.choices)
    return (
      <span class="note-chip" title={text.savedPageHint}>
        {text.savedPage}
      </span>
    );
  if (!model.runnable || model.format === 'onnx' || connection.inPage) return null;
  const offer = (label: string, name: PageCommand) => ({
    text: label,
    run: () => void connection.host.command(name),
  });
  const isVector = model.kind === 'vector' && model.shape[0]! > 1;
  const pages = [
    offer(text.exportHtml, 'exportHtml'),
    ...(isVector ? [offer(text.exportAnimation, 'exportAnimation')] : []),
  ];
  // A recording does not hold a flow that could be written in another format.
  const items = model.recording
    ? pages
    : [
        offer(text.exportOnnx, 'exportOnnx'),
        offer(text.exportTorch, 'exportTorch'),
        ...pages,
        offer(text.convert, 'convert'),
      ];
  return <Menu label={text.export} items={items} />;
}
