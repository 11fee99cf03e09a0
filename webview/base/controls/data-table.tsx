/** A table by its columns: the head and the cells of a column come from one declaration. */
import type { ComponentChildren, HTMLAttributes, TdHTMLAttributes } from 'preact';

type Data = { [name: `data-${string}`]: unknown };
type Attributes = Omit<TdHTMLAttributes, 'class'> & { class?: string | undefined } & Data;
type Cell<Row> = (row: Row, place: number) => ComponentChildren;

/** Has one of `cell`, `name`, `num` and `cells`. */
export interface TableColumn<Row> {
  /** Where no column has any, the table has no head. */
  head?: ComponentChildren;
  cell?: Cell<Row>;
  /** What the row is called. */
  name?: Cell<Row>;
  /** A number, at the right edge. */
  num?: Cell<Row>;
  /** As many `<td>` as the head spans columns. */
  cells?: Cell<Row>;
  /** Class of the head and of the cells. */
  class?: string;
  th?: Attributes;
  /** Class of the cells alone, or their attributes. */
  td?: string | ((row: Row, place: number) => Attributes);
}

export interface DataTableProps<Row> {
  rows: readonly Row[];
  /** What is not a column is left out. */
  columns: readonly (TableColumn<Row> | false | undefined)[];
  class?: string;
  label?: string;
  /** A `<caption>`. */
  caption?: ComponentChildren;
  /** Attributes of the box that the table scrolls in. */
  frame?: HTMLAttributes<HTMLDivElement>;
  tr?(row: Row, place: number): HTMLAttributes<HTMLTableRowElement> & Data;
  /** Rows are chosen by a click, and in the frame with the arrow keys. */
  choice?: { isChosen(row: Row): boolean; choose(row: Row): void; step?(by: number): void };
  /** Further parts, below the rows. */
  children?: ComponentChildren;
}

export function DataTable<Row>({ rows, frame, tr, choice, caption, label, ...rest }: DataTableProps<Row>) {
  const columns = rest.columns.filter((column) => !!column);
  const table = (
    <table class={rest.class} aria-label={label}>
      {caption}
      {columns.some(({ head }) => head !== undefined) ? (
        <thead>
          <tr>
            {columns.map(({ head, th, num, class: kind = num && 'num' }, i) => (
              <th key={i} scope="col" class={kind} {...th}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
      ) : null}
      <tbody>
        {rows.map((row, place) => (
          <tr
            key={place}
            aria-selected={choice?.isChosen(row)}
            onClick={choice && (() => choice.choose(row))}
            {...tr?.(row, place)}
          >
            {columns.map(({ cell, name, num, cells, td, class: kind = num && 'num' }, i) => {
              if (cells) return cells(row, place);
              const { class: more, ...others } = typeof td === 'function' ? td(row, place) : { class: td };
              const Cell = name ? 'th' : 'td';
              const look = kind && more ? `${kind} ${more}` : (kind ?? more);
              return (
                <Cell key={i} scope={name && 'row'} class={look} {...others}>
                  {(name ?? num ?? cell)?.(row, place)}
                </Cell>
              );
            })}
          </tr>
        ))}
      </tbody>
      {rest.children}
    </table>
  );
  if (!frame) return table;
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || !choice?.step) return;
    event.preventDefault();
    event.stopPropagation();
    choice.step(by);
  };
  const role = frame['aria-label'] ? 'group' : undefined;
  return (
    <div class="scroll-x" tabIndex={0} {...{ role, onKeyDown }} {...frame}>
      {table}
    </div>
  );
}
