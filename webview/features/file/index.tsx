/** A model that can be read but not run: what its file says. */
import { useSignal, computed, effect, signal } from '@preact/signals';
import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ModelSummary, OnnxSummary, TensorEntry } from '../../../src/protocol/model';
import { sizeOf } from '../../../src/base/shape';
import { hasTensorTable, shownTensors, nextTensors } from '../../../src/protocol/questions';
import type { TensorStats, TensorStatistics } from '../../../src/protocol/tensors';
import { type RegionFeature, stateOf, ask } from '../../base/store/store';
import { bytes, count, shapeText, compact, fixed } from '../../base/format/numbers';
import { DataTable, type TableColumn } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { subtitleOf, titleOf } from '../../base/model-title';
import { TextField } from '../../base/controls/toolkit';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import './style.css';

const tensorTableState = stateOf(({ context }) => {
  /** Rows on show; answers about other rows are kept. */
  const rows = signal<readonly TensorEntry[]>([]);
  const known = signal<ReadonlyMap<string, TensorStatistics>>(new Map());
  const question = ask(
    context,
    'tensors',
    () => {
      const names = nextTensors(rows.value, (name) => known.value.has(name));
      return names.length > 0 ? { names } : null;
    },
    { cached: false },
  );
  // Declared before the answers are looked at, so that answers about the previous file are never taken for this one's.
  let generation = context.generation.peek();
  effect(() => {
    if (context.generation.value === generation) return;
    generation = context.generation.value;
    known.value = new Map();
  });
  effect(() => {
    const found = question.found.value;
    if (found) known.value = new Map([...known.peek(), ...found.map((one) => [one.name, one] as const)]);
  });
  /** Whether more is on its way. */
  const busy = computed(() => question.answer.value.status === 'loading');
  return { rows, known, busy };
});

export const file: RegionFeature = {
  id: 'file',
  region: 'file',
  title: () => text.tensors,
  state: tensorTableState,
  View: NotRunnable,
};

function NotRunnable({ model }: { model: ModelSummary }) {
  return (
    <main class="whole">
      <h1 class="title">{titleOf(model)}</h1>
      <p class="muted">{[subtitleOf(model), bytes(model.bytes)].filter(Boolean).join(', ')}</p>
      {model.reason ? (
        <>
          <h2>{text.notRunnable}</h2>
          <p class="why">{model.reason.replaceAll(model.path, model.fileName)}</p>
        </>
      ) : null}
      {model.onnx ? <Onnx onnx={model.onnx} /> : null}
      <TensorRows model={model} />
    </main>
  );
}

function Onnx({ onnx }: { onnx: OnnxSummary }) {
  const ports = (title: string, list: OnnxSummary['inputs']) => (
    <div class="scroll-x">
      <h2>{title}</h2>
      <DataTable
        rows={list}
        columns={[
          { head: words.name, td: 'mono wrap', cell: ({ name }) => name },
          { head: words.shape, cell: ({ shape }) => shapeText(shape) },
          { head: text.dtype, cell: ({ dtype }) => dtype },
        ]}
      />
    </div>
  );
  return (
    <div class="panels" style={{ '--least': '320px' }}>
      {ports(text.inputs, onnx.inputs)}
      {ports(text.outputs, onnx.outputs)}
      <div>
        <h2>{`${text.operators}, opset ${onnx.opset}`}</h2>
        <DataTable
          rows={onnx.operators}
          columns={[
            { head: text.operator, td: 'mono', cell: ({ op }) => op },
            { head: words.count, num: (operator) => count(operator.count) },
          ]}
        />
      </div>
      <div>
        <h2>{`${text.metadata}${onnx.producer ? `, ${onnx.producer}` : ''}`}</h2>
        <DataTable
          rows={Object.entries(onnx.metadata)}
          columns={[
            { td: 'mono', cell: ([key]) => key },
            { td: 'wrap', cell: ([, value]) => value },
          ]}
        />
      </div>
    </div>
  );
}

const statistics = ['min', 'mean', 'max', 'std'] as const;

/** The tensors of a file whose flow is not known: shapes, types, and statistics of their values. */
function TensorRows({ model }: { model: ModelSummary }) {
  const tensorTable = useFeature(tensorTableState);
  const filter = useSignal('');
  const query = filter.value.toLowerCase();
  const matching = model.tensors.filter((tensor) => tensor.name.toLowerCase().includes(query));
  const shown = matching.slice(0, shownTensors);
  const withStatistics = hasTensorTable(model);
  const knownOf = ({ name }: TensorEntry) => tensorTable.known.value.get(name);
  useEffect(() => {
    tensorTable.rows.value = withStatistics ? shown : [];
  }, [model, query]);
  return (
    <>
      <h2>{`${text.tensors}: ${count(model.tensorCount)}`}</h2>
      <div class="ctl">
        <TextField
          label={text.filter}
          placeholder={text.filter}
          value={filter.value}
          size={30}
          onInput={(v) => (filter.value = v)}
          onCommit={(v) => (filter.value = v)}
        />
      </div>
      <DataTable
        frame={{
          class: 'scroll-x tensor-table',
          'aria-label': text.tensors,
          'aria-busy': tensorTable.busy.value,
        }}
        rows={shown}
        columns={[
          { head: words.name, td: 'mono wrap', cell: ({ name }) => <Dotted name={name} /> },
          { head: words.shape, cell: ({ shape }) => shapeText(shape) },
          { head: text.dtype, cell: ({ dtype }) => dtype },
          { head: words.count, num: ({ shape }) => count(sizeOf(shape)) },
          ...(withStatistics ? statistics : []).map((name): TableColumn<TensorEntry> => ({
            head: words[name],
            num: (tensor) => statistic(name, tensor.dtype, knownOf(tensor)?.stats),
          })),
          withStatistics && {
            head: <span class="sr">{text.remarks}</span>,
            class: 'after',
            td: (tensor) => ({ class: 'bad', title: knownOf(tensor)?.problem }),
            cell(tensor) {
              const found = knownOf(tensor);
              return found?.problem ? text.notRead : found?.stats ? nonFiniteText(found.stats) : '';
            },
          },
        ]}
      />
      {matching.length > shownTensors ? (
        <p class="muted">{text.moreTensors(matching.length - shownTensors)}</p>
      ) : null}
    </>
  );
}

/** A long name breaks after its dots, where it can. */
function Dotted({ name }: { name: string }) {
  return (
    <>
      {name.split(/(?<=\.)/).map((part, at) => (
        <Fragment key={at}>
          {at > 0 ? <wbr /> : null}
          {part}
        </Fragment>
      ))}
    </>
  );
}

/** Empty until it is there. Counters and indices are whole numbers, their mean is not. */
function statistic(name: (typeof statistics)[number], dtype: string, stats?: TensorStats): string {
  if (!stats || stats.count === stats.nan + stats.inf) return '';
  const isWhole = (name === 'min' || name === 'max') && /^(u?int|[iu]\d|bool)/i.test(dtype);
  return isWhole ? fixed(stats[name], 0) : compact(stats[name]);
}

function nonFiniteText({ nan, inf }: { nan: number; inf: number }): string {
  return [nan > 0 ? `${count(nan)} NaN` : '', inf > 0 ? `${count(inf)} ∞` : ''].filter(Boolean).join(', ');
}
