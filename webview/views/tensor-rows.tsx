/** The tensors of a file whose flow is not known: shapes, types, and what can be said of their values. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ModelSummary } from '../../src/protocol/model';
import { hasTensorTable, shownTensors } from '../../src/protocol/questions';
import type { TensorStatistics } from '../../src/protocol/tensors';
import { TextField } from '../controls/toolkit';
import { compact, count, shapeText } from '../format/numbers';
import { useStore } from '../state/use-store';
import { text } from '../strings';

export function TensorRows({ model }: { model: ModelSummary }) {
  const { tensorTable } = useStore();
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
        class="scroll-x"
        tabIndex={0}
        role="group"
        aria-label={text.tensors}
        aria-busy={tensorTable.busy.value}
      >
        <table>
          <thead>
            <tr>
              <th>{text.name}</th>
              <th>{text.shape}</th>
              <th>{text.dtype}</th>
              <th class="num">{text.count}</th>
              {withStatistics ? (
                <>
                  <th class="num">{text.min}</th>
                  <th class="num">{text.mean}</th>
                  <th class="num">{text.max}</th>
                  <th class="num">{text.std}</th>
                  <th class="after" />
                </>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {shown.map((tensor) => (
              <tr key={tensor.name}>
                <td class="mono wrap">{tensor.name}</td>
                <td>{shapeText(tensor.shape)}</td>
                <td>{tensor.dtype}</td>
                <td class="num">{count(tensor.shape.reduce((a, b) => a * b, 1))}</td>
                {withStatistics ? <Statistics of={tensorTable.known.value.get(tensor.name)} /> : null}
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

/** Empty until they are there. */
function Statistics({ of: found }: { of: TensorStatistics | undefined }) {
  const stats = found?.stats;
  const value = (number: number | undefined) => (
    <td class="num">{stats && stats.count > stats.nan + stats.inf ? compact(number) : ''}</td>
  );
  return (
    <>
      {value(stats?.min)}
      {value(stats?.mean)}
      {value(stats?.max)}
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
