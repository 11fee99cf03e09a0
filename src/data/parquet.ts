/** Parquet tables, a row group at a time. */
import { firstLine, UserError } from '../base/user-error';
import { open, stat } from 'node:fs/promises';
import { parquetRead, parquetSchema, type AsyncBuffer, type FileMetaData, type RowGroup } from 'hyparquet';
import { readError } from '../files/read';
import { readRange } from '../files/read-range';
import { chooseColumns, type ColumnOptions, RefusedCells } from './columns';
import { checkRowsLeft, GapCounter } from './gaps';
import { gapAdvice, LabelEncoder, textAdvice } from './labels';
import { compressors, checkPages, readFooter } from './parquet-pages';
import type { Resources } from './dataset';
import { createRowWriter, type Rows } from './rows';

/**
 * Reads columns of numbers into rows: what does not fit memory goes to a temporary file. A row group is decoded as a whole,
 * so the memory that it takes depends on who wrote the file.
 * @throws UserError naming the file, the row and the column
 */
export async function readParquet(
  file: string,
  options: ColumnOptions & { mostRows?: number },
  resources: Resources,
): Promise<Rows> {
  return whileOpen(file, (buffer) => readRows(file, buffer, options, resources));
}

/**
 * The names of columns and the first rows as text; nested values are left empty.
 * @throws UserError for a file that is not Parquet
 */
export function peekParquet(
  file: string,
  { mostRows, mostCells }: { mostRows: number; mostCells: number },
): Promise<{ names: string[]; named: boolean; rows: string[][]; total: number; more: boolean }> {
  return whileOpen(file, async (buffer) => {
    const metadata = await readFooter(buffer);
    const fields = parquetSchema(metadata).children;
    const rowLimit = Math.max(1, Math.min(mostRows, Math.floor(mostCells / Math.max(1, fields.length))));
    const rows: string[][] = [];
    for (const group of groupsWithRows(metadata)) {
      const count = Math.min(Number(group.num_rows), rowLimit - rows.length);
      if (count <= 0) break;
      const added = Array.from({ length: count }, () => new Array<string>(fields.length).fill(''));
      for (const [at, field] of fields.entries()) {
        if (!isPlain(field)) continue;
        await readColumn(buffer, { ...metadata, row_groups: [group] }, { field, count }, (row, value) => {
          // As it is modeled; a class is written as the file has it.
          if (typeof value === 'boolean' || typeof value === 'bigint')
            added[row]![at] = String(Number(value));
          else added[row]![at] = value instanceof Date ? value.toISOString() : asLabel(value);
        });
      }
      rows.push(...added);
    }
    const total = Number(metadata.num_rows);
    return {
      names: fields.map(({ element }) => element.name),
      named: true,
      rows,
      total,
      more: rows.length < total,
    };
  });
}

async function whileOpen<T>(file: string, work: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  try {
    const { size } = await stat(file);
    const handle = await open(file, 'r');
    const reads: Promise<unknown>[] = [];
    try {
      const read = async (start: number, end: number): Promise<ArrayBuffer> => {
        if (!(start >= 0 && end >= start && end <= size)) {
          throw new Error(`bytes ${start} to ${end} of ${size} are asked for`);
        }
        return (await readRange(handle, start, end - start, file)).buffer;
      };
      const buffer: AsyncBuffer = {
        byteLength: size,
        slice(start, end = size) {
          // The reader asks for all columns at once, and looks at no further answer once one is bad.
          const answer = read(start, end);
          reads.push(answer.then(ignore, ignore));
          return answer;
        },
      };
      return await work(buffer);
    } finally {
      await Promise.all(reads);
      await handle.close();
    }
  } catch (error) {
    const known = readError(file, error);
    if (known instanceof UserError || !(error instanceof Error)) throw known;
    // A reader's own error may have a number here.
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && code.startsWith('E') && 'syscall' in error) throw known;
    throw new UserError(`${file}: is not a readable Parquet file: ${firstLine(error)}.`);
  }
}

const ignore = (): void => undefined;

/** Values of a row group. PyArrow's default is 2²⁰ rows. */
const largestGroup = 2 ** 26;
/** Rows of a group, whose columns are decoded one after the other. */
const mostRowsAtOnce = 2 ** 24;

/** Columns of a file that are read. */
interface Chosen {
  file: string;
  fields: readonly Field[];
  features: readonly number[];
  label: number | undefined;
  missing: NonNullable<ColumnOptions['missing']>;
  refused: RefusedCells | undefined;
}

async function readRows(
  file: string,
  buffer: AsyncBuffer,
  options: ColumnOptions & { mostRows?: number },
  resources: Resources,
): Promise<Rows> {
  const metadata = await readFooter(buffer);
  const fields = parquetSchema(metadata).children;
  const names = fields.map(({ element }) => element.name);
  const { features, label } = chooseColumns(file, names, true, options);
  const refused = options.lenient ? new RefusedCells(names) : undefined;
  for (const column of features) {
    const other = otherThanNumbers(fields[column]!);
    if (other !== undefined && refused) refused.addAll(column, other, Number(metadata.num_rows));
    else if (other !== undefined)
      throw new UserError(
        `${file}: column "${names[column]!}" holds ${other}; expected numbers. ${textAdvice(names[column]!)}`,
      );
  }
  // A class may be text or a number.
  if (label !== undefined && !isPlain(fields[label]!))
    throw new UserError(
      `${file}: column "${names[label]!}" holds nested values; expected one label for each row.`,
    );
  const writer = createRowWriter(features.length, resources);
  const labels = new LabelEncoder();
  let start = 0;
  const { mostRows = Infinity, missing = 'error' } = options;
  const counter = new GapCounter(features.length, missing);
  const chosen: Chosen = { file, fields, features, label, missing, refused };
  for (const group of groupsWithRows(metadata)) {
    const count = Math.min(Number(group.num_rows), mostRows - start);
    if (count <= 0) break;
    resources.signal?.throwIfAborted();
    const { rows, classes } = await readGroup(buffer, { ...metadata, row_groups: [group] }, chosen, {
      start,
      count,
    });
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
    total: Number(metadata.num_rows) - (gaps.dropped ? gaps.rows : 0),
    gaps,
    columns: features,
    ...refused?.finish(),
    featureNames: features.map((column) => names[column]!),
    ...(encoded ? { labelNames: encoded.labelNames } : {}),
  };
}

/** @param metadata with this group alone. @param at its first row in the file, for messages, and how many are read */
async function readGroup(
  buffer: AsyncBuffer,
  metadata: FileMetaData,
  { file, fields, features, label, missing, refused }: Chosen,
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
    if (column !== label && otherThanNumbers(fields[column]!) !== undefined) continue;
    const { name } = fields[column]!.element;
    const places = features.flatMap((feature, d) => (feature === column ? [d] : []));
    await readColumn(buffer, metadata, { field: fields[column]!, count }, (row, value) => {
      if (classes && column === label) classes[row] = asLabel(value);
      if (places.length === 0) return;
      const isGap = value === null || value === undefined || Number.isNaN(value);
      let number = missing !== 'error' && isGap ? NaN : asNumber(value);
      if (number === undefined) {
        const where = `row ${start + row}`;
        if (!refused) throw refusedCell(value, `${file}: ${where}, column "${name}"`);
        refused.add(column, asLabel(value), where);
        // A refused value is not a gap.
        number = 0;
      }
      for (const d of places) rows[row * features.length + d] = number;
    });
  }
  return { rows, classes };
}

/** Gives each of the first `count` values of the only row group's column to `take`. */
async function readColumn(
  buffer: AsyncBuffer,
  metadata: FileMetaData,
  { field: { element }, count }: { field: Field; count: number },
  take: (row: number, value: unknown) => void,
): Promise<void> {
  const group = metadata.row_groups[0]!;
  const columns = group.columns.filter(({ meta_data: column }) => column?.path_in_schema[0] === element.name);
  for (const { meta_data: column } of columns) {
    if (!column) continue;
    const from = Number(column.dictionary_page_offset || column.data_page_offset);
    const bytes = await buffer.slice(from, from + Number(column.total_compressed_size));
    const optional = element.repetition_type !== 'REQUIRED';
    checkPages(new Uint8Array(bytes), column, { count, rows: Number(group.num_rows), optional });
  }
  let filled = 0;
  // Errors of onChunk would be lost: they are kept and thrown after the column is read.
  let refused: Error | undefined;
  await parquetRead({
    file: buffer,
    // Metadata of this column alone: the library goes through all columns each time.
    metadata: {
      ...metadata,
      schema: [{ ...metadata.schema[0]!, num_children: 1 }, element],
      row_groups: [{ ...group, columns }],
    },
    compressors,
    columns: [element.name],
    rowStart: 0,
    rowEnd: count,
    onChunk({ columnData, rowStart }) {
      if (refused) return;
      try {
        for (let i = 0; i < columnData.length && rowStart + i < count; i++, filled++) {
          take(rowStart + i, columnData[i]);
        }
      } catch (error) {
        refused = error instanceof Error ? error : new Error(String(error));
      }
    },
  });
  if (refused) throw refused;
  if (filled !== count)
    throw new Error(`column "${element.name}" has ${filled} of ${count} rows of a row group`);
}

/** Their rows are checked against what could be: sizes in a damaged file may be anything. */
function groupsWithRows({ row_groups: groups, num_rows: total }: FileMetaData): RowGroup[] {
  const rows = groups.map((group) => Number(group.num_rows));
  const sum = rows.reduce((a, b) => a + b, 0);
  if (
    !rows.every((count) => Number.isSafeInteger(count) && count >= 0 && count < 2 ** 31) ||
    sum !== Number(total)
  ) {
    throw new Error('its row groups do not add up to its rows');
  }
  return groups.filter((_, i) => rows[i]! > 0);
}

type Field = ReturnType<typeof parquetSchema>['children'][number];

/** What a column holds that holds no numbers. */
function otherThanNumbers({ element, children }: Field): string | undefined {
  const numeric = ['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(element.type ?? '');
  const decimal = element.converted_type === 'DECIMAL' || element.logical_type?.type === 'FLOAT16';
  if (children.length === 0 && element.repetition_type !== 'REPEATED' && (numeric || decimal))
    return undefined;
  return children.length > 0 ? 'nested values' : (element.converted_type ?? element.type ?? 'no type');
}

/** Whether there is one value a row. */
function isPlain({ element, children }: Field): boolean {
  const { repetition_type: repetition, logical_type: logical } = element;
  const other = ['GEOMETRY', 'GEOGRAPHY', 'VARIANT'].includes(logical?.type ?? '');
  return children.length === 0 && repetition !== 'REPEATED' && !other;
}

function asNumber(value: unknown): number | undefined {
  const number =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
      ? Math.fround(Number(value))
      : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function refusedCell(value: unknown, where: string): UserError {
  if (value === null || value === undefined) {
    return new UserError(`${where}: the value is missing. ${gapAdvice}`);
  }
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
