/** A table as it is written, whatever is in it. */
import { count } from '../base/format/numbers';
import { ColumnHead } from './head';
import type { TableState } from './table-state';
import { text } from './text';

/** Cells that a page draws without getting slow. */
const mostCells = 6000;
const fewestRows = 20;

export function Table({ table }: { table: TableState }) {
  const { columns, columnCount, cells } = table.overview;
  const rows = cells.slice(0, Math.max(fewestRows, Math.floor(mostCells / Math.max(1, columns.length))));
  const uses = table.uses.value;
  const dropped = (row: readonly string[]): boolean =>
    table.missing.value === 'drop' && row.some((cell, i) => cell === '' && uses[i] !== 'leave out');
  return (
    <section class="table" aria-label={text.table}>
      <div class="scroll" tabIndex={0} role="group" aria-label={text.table}>
        <table>
          <thead>
            <tr>
              <th scope="col" class="row-number">
                {text.row}
              </th>
              {columns.map((column, at) => (
                <ColumnHead key={`${at} ${column.name}`} table={table} at={at} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => {
              const isDropped = dropped(row);
              return (
                <tr key={index} class={isDropped ? 'dropped' : ''}>
                  <th scope="row" class="row-number">
                    {isDropped ? <s title={text.rowLeftOut}>{count(index + 1)}</s> : count(index + 1)}
                  </th>
                  {row.map((cell, i) => (
                    <Cell
                      key={i}
                      cell={cell}
                      numeric={columns[i]!.type === 'number'}
                      isLeftOut={uses[i] === 'leave out'}
                    />
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {columns.length < columnCount ? (
        <p class="tick">{text.moreColumns(columns.length, columnCount)}</p>
      ) : null}
    </section>
  );
}

function Cell({ cell, numeric, isLeftOut }: { cell: string; numeric: boolean; isLeftOut: boolean }) {
  const kind = [numeric ? 'num' : '', isLeftOut ? 'left-out' : '', cell === '' ? 'gap' : ''].join(' ');
  return (
    <td class={kind} title={cell.length > 24 ? cell : undefined}>
      {cell === '' ? text.gap : cell}
    </td>
  );
}
