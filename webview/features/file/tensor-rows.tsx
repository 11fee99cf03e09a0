/** The tensors of a file whose flow is not known: shapes, types, and statistics of their values. */
import { sizeOf } from '../../../src/base/shape';
import { useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ModelSummary, TensorEntry } from '../../../src/protocol/model';
import { hasTensorTable, shownTensors } from '../../../src/protocol/questions';
import type { TensorStats } from '../../../src/protocol/tensors';
import { TextField } from '../../base/controls/toolkit';
import { compact, count, fixed, shapeText } from '../../base/format/numbers';
import { useFeature } from '../../base/store/use-store';
import { DataTable, type TableColumn } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { text } from './text';
import { tensorTableState } from './state';

const statistics = ['min', 'mean', 'max', 'std'] as const;

export function TensorRows({ model }: { model: ModelSummary }) {
  const tensorTable = useFeature(tensorTableState);
  const filter = useSignal('');
  const wanted = filter.value.toLowerCase();
  const matching = model.tensors.filter((tensor) => tensor.name.toLowerCase().includes(wanted));
  const shown = matching.slice(0, shownTensors);
  const withStatistics = hasTensorTable(model);
  const knownOf = ({ name }: TensorEntry) => tensorTable.known.value.get(name);
  useEffect(() => {
    tensorTable.rows.value = withStatistics ? shown : [];
  }, [model, wanted]);
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
