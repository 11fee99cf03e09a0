/** Tables whose columns are read one after the other, a group of rows at a time. */
import { UserError } from '../base/user-error';
import { chooseColumns, type ColumnOptions, RefusedCells } from './columns';
import type { Resources } from './dataset';
import { checkRowsLeft, GapCounter } from './gaps';
import { gapAdvice, LabelEncoder, textAdvice } from './labels';
import { createRowWriter, type Rows } from './rows';

/** What a reader of a format says of a file. */
export interface ColumnTable {
  names: readonly string[];
  rows: number;
  /** What a column holds that holds no numbers. */
  otherThanNumbers(column: number): string | undefined;
  /** Whether there is one value a row. */
  isPlain(column: number): boolean;
  groups: readonly RowGroup[];
}

interface RowGroup {
  count: number;
  /** Gives each of the first `count` values of a column to `take`. */
  read(column: number, count: number, take: (row: number, value: unknown) => void): Promise<void>;
}

export type ColumnTableOptions = ColumnOptions & { mostRows?: number };

/** Values of a group. PyArrow's default is 2²⁰ rows. */
const largestGroup = 2 ** 26;
/** Rows of a group, whose columns are decoded one after the other. */
const mostRowsAtOnce = 2 ** 24;

/**
 * The names of columns and the first rows as text; nested values are left empty.
 * @throws what the table's reader throws
 */
export async function peekColumns(
  table: ColumnTable,
  { mostRows, mostCells }: { mostRows: number; mostCells: number },
): Promise<{ names: string[]; named: boolean; rows: string[][]; total: number; more: boolean }> {
  const { names, rows: total } = table;
  const rowLimit = Math.max(1, Math.min(mostRows, Math.floor(mostCells / Math.max(1, names.length))));
  const rows: string[][] = [];
  for (const group of table.groups) {
    const count = Math.min(group.count, rowLimit - rows.length);
    if (count <= 0) break;
    const added = Array.from({ length: count }, () => new Array<string>(names.length).fill(''));
    for (const at of names.keys()) {
      if (!table.isPlain(at)) continue;
      await group.read(at, count, (row, value) => {
        // As it is modeled; a class is written as the file has it.
        if (typeof value === 'boolean' || typeof value === 'bigint') added[row]![at] = String(Number(value));
        else added[row]![at] = value instanceof Date ? value.toISOString() : asLabel(value);
      });
    }
    rows.push(...added);
  }
  return { names: [...names], named: true, rows, total, more: rows.length < total };
}

/** Columns of a file that are read. */
interface Chosen {
  file: string;
  features: readonly number[];
  label: number | undefined;
  missing: NonNullable<ColumnOptions['missing']>;
  refused: RefusedCells | undefined;
}

/** @throws UserError naming the file, the row and the column, or what the table's reader throws */
export async function readColumns(
  file: string,
  table: ColumnTable,
  options: ColumnTableOptions,
  resources: Resources,
): Promise<Rows> {
  const { names } = table;
  const { features, label } = chooseColumns(file, names, true, options);
  const refused = options.lenient ? new RefusedCells(names) : undefined;
  for (const column of features) {
    const other = table.otherThanNumbers(column);
    if (other !== undefined && refused) refused.addAll(column, other, table.rows);
    else if (other !== undefined)
      throw new UserError(
        `${file}: column "${names[column]!}" holds ${other}; expected numbers. ${textAdvice(names[column]!)}`,
      );
  }
  // A class may be text or a number.
  if (label !== undefined && !table.isPlain(label)) {
    throw new UserError(
      `${file}: column "${names[label]}" holds nested values; expected one label for each row.`,
    );
  }
  const writer = createRowWriter(features.length, resources);
  const labels = new LabelEncoder();
  let start = 0;
  const { mostRows = Infinity, missing = 'error' } = options;
  const counter = new GapCounter(features.length, missing);
  const chosen: Chosen = { file, features, label, missing, refused };
  for (const group of table.groups) {
    const count = Math.min(group.count, mostRows - start);
    if (count <= 0) break;
    resources.signal?.throwIfAborted();
    const { rows, classes } = await readGroup(table, group, chosen, { start, count });
    for (let row = 0; row < count; row++) {
      const values = rows.subarray(row * features.length, (row + 1) * features.length);
      if (!counter.keeps(values, classes?.[row] === '')) continue;
      if (classes) labels.add(classes[row]!);
      if (writer.add(values)) await writer.flush();
    }
    start += count;
  }
  const gaps = counter.finish();
  if (writer.count === 0) checkRowsLeft(file, gaps);
  if (writer.count === 0) throw new UserError(`${file}: contains no rows; expected one example per row.`);
  const encoded = label === undefined ? undefined : labels.finish();
  return {
    all: await writer.finish(encoded?.labels),
    total: table.rows - (gaps.dropped ? gaps.rows : 0),
    gaps,
    columns: features,
    ...refused?.finish(),
    featureNames: features.map((column) => names[column]!),
    ...(encoded ? { labelNames: encoded.labelNames } : {}),
  };
}

/** @param at its first row in the file, for messages, and how many are read */
async function readGroup(
  table: ColumnTable,
  group: RowGroup,
  { file, features, label, missing, refused }: Chosen,
  { start, count }: { start: number; count: number },
): Promise<{ rows: Float32Array; classes: string[] | undefined }> {
  if (count * features.length > largestGroup || count > mostRowsAtOnce) {
    throw new UserError(
      `${file}: a row group has ${count} rows of ${features.length} numbers, too many to decode at once. ` +
        'Write the file with smaller row groups, for example of 100,000 rows.',
    );
  }
  const rows = new Float32Array(count * features.length);
  const classes = label === undefined ? undefined : new Array<string>(count);
  for (const column of new Set([...features, ...(label === undefined ? [] : [label])])) {
    // All that is known about those is that they are refused.
    if (column !== label && table.otherThanNumbers(column) !== undefined) continue;
    const places = features.flatMap((feature, d) => (feature === column ? [d] : []));
    await group.read(column, count, (row, value) => {
      if (classes && column === label) classes[row] = asLabel(value);
      if (places.length === 0) return;
      const isGap = value === null || value === undefined || Number.isNaN(value);
      let number = missing !== 'error' && isGap ? NaN : asNumber(value);
      if (number === undefined) {
        const where = `row ${start + row}`;
        if (!refused) throw refusedCell(value, `${file}: ${where}, column "${table.names[column]}"`);
        refused.add(column, asLabel(value), where);
        // A refused value is not a gap.
        number = 0;
      }
      for (const d of places) rows[row * features.length + d] = number;
    });
  }
  return { rows, classes };
}

function asNumber(value: unknown): number | undefined {
  const number =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
      ? Math.fround(Number(value))
      : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function refusedCell(value: unknown, where: string): UserError {
  if (value === null || value === undefined)
    return new UserError(`${where}: the value is missing. ${gapAdvice}`);
  const shown = value instanceof Date ? value.toISOString() : textOf(value);
  return new UserError(
    `${where}: expected a finite number, got ${shown}. Remove the row, or leave out the column.`,
  );
}

function asLabel(value: unknown): string {
  if (value === null || value === undefined) return '';
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : textOf(value);
}

function textOf(value: unknown): string {
  // JSON has no infinity.
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}
