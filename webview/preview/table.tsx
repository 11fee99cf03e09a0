/** A table as it is written, whatever is in it. */
import { DataTable, type TableColumn } from '../base/controls/data-table';
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
    <section class="table flex-column" aria-label={text.table}>
      <DataTable
        frame={{ class: 'scroll', 'aria-label': text.table }}
        rows={rows}
        tr={(row) => ({ class: dropped(row) ? 'dropped' : '' })}
        columns={[
          {
            head: text.row,
            class: 'row-number',
            name: (row, index) =>
              dropped(row) ? <s title={text.rowLeftOut}>{count(index + 1)}</s> : count(index + 1),
          },
          ...columns.map((column, at): TableColumn<string[]> => ({
            head: <ColumnHead table={table} at={at} />,
            th: { class: uses[at] === 'leave out' ? 'left-out' : '' },
            td: ({ [at]: cell }) => ({
              class: [
                column.type === 'number' ? 'num' : '',
                uses[at] === 'leave out' ? 'left-out' : '',
                cell === '' ? 'gap' : '',
              ].join(' '),
              title: cell && cell.length > 24 ? cell : undefined,
            }),
            cell: ({ [at]: cell }) => (cell === '' ? text.gap : cell),
          })),
        ]}
      />
      {columns.length < columnCount ? (
        <p class="tick">{text.moreColumns(columns.length, columnCount)}</p>
      ) : null}
    </section>
  );
}
