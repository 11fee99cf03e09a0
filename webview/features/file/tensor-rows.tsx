/** The tensors of a file whose flow is not known: shapes, types, and statistics of their values. */
import { sizeOf } from '../../../src/base/shape';
import { useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ModelSummary } from '../../../src/protocol/model';
import { hasTensorTable, shownTensors } from '../../../src/protocol/questions';
import type { TensorStatistics } from '../../../src/protocol/tensors';
import { TextField } from '../../base/controls/toolkit';
import { compact, count, fixed, shapeText } from '../../base/format/numbers';
import { useFeature } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { tensorTableState } from './state';

export function TensorRows({ model }: { model: ModelSummary }) {
  const tensorTable = useFeature(tensorTableState);
  const filter = useSignal('');
  const wanted = filter.value.toLowerCase();
  const matching = model.tensors.filter((tensor) => tensor.name.toLowerCase().includes(wanted));
  const shown = matching.slice(0, shownTensors);
  const withStatistics = hasTensorTable(model);
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
      <div
        class="scroll-x tensor-table"
        tabIndex={0}
        role="group"
        aria-label={text.tensors}
        aria-busy={tensorTable.busy.value}
      >
        <table>
          <thead>
            <tr>
              <th>{words.name}</th>
              <th>{words.shape}</th>
              <th>{text.dtype}</th>
              <th class="num">{words.count}</th>
              {withStatistics ? (
                <>
                  <th class="num">{words.min}</th>
                  <th class="num">{words.mean}</th>
                  <th class="num">{words.max}</th>
                  <th class="num">{words.std}</th>
                  <th class="after">
                    <span class="sr">{text.remarks}</span>
                  </th>
                </>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {shown.map((tensor) => (
              <tr key={tensor.name}>
                <td class="mono wrap">
                  <Dotted name={tensor.name} />
                </td>
                <td>{shapeText(tensor.shape)}</td>
                <td>{tensor.dtype}</td>
                <td class="num">{count(sizeOf(tensor.shape))}</td>
                {withStatistics ? (
                  <Statistics of={tensorTable.known.value.get(tensor.name)} whole={isWhole(tensor.dtype)} />
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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

function isWhole(dtype: string): boolean {
  return /^(u?int|[iu]\d|bool)/i.test(dtype);
}

/** Empty until they are there. Counters and indices are whole numbers, their mean is not. */
function Statistics({ of: found, whole }: { of: TensorStatistics | undefined; whole: boolean }) {
  const stats = found?.stats;
  const value = (number: number | undefined, form: (number: number | undefined) => string = compact) => (
    <td class="num">{stats && stats.count > stats.nan + stats.inf ? form(number) : ''}</td>
  );
  const end = whole ? (number: number | undefined) => fixed(number, 0) : compact;
  return (
    <>
      {value(stats?.min, end)}
      {value(stats?.mean)}
      {value(stats?.max, end)}
      {value(stats?.std)}
      <td class="after bad" title={found?.problem}>
        {found?.problem ? text.notRead : stats ? nonFiniteText(stats) : ''}
      </td>
    </>
  );
}

function nonFiniteText({ nan, inf }: { nan: number; inf: number }): string {
  return [nan > 0 ? `${count(nan)} NaN` : '', inf > 0 ? `${count(inf)} ∞` : ''].filter(Boolean).join(', ');
}
