/** Parquet tables, a row group at a time. */
import { firstLine, UserError } from '../base/user-error';
import { open, stat } from 'node:fs/promises';
import { parquetRead, parquetSchema, type AsyncBuffer, type FileMetaData, type RowGroup } from 'hyparquet';
import { readError } from '../files/read';
import { readRange } from '../files/read-range';
import { type ColumnTable, type ColumnTableOptions, peekColumns, readColumns } from './column-table';
import type { Resources } from './dataset';
import { compressors, checkPages, readFooter } from './parquet-pages';
import type { Rows } from './rows';

/**
 * Reads columns of numbers into rows: what does not fit memory goes to a temporary file. A row group is decoded as a whole,
 * so the memory that it takes depends on who wrote the file.
 * @throws UserError naming the file, the row and the column
 */
export async function readParquet(
  file: string,
  options: ColumnTableOptions,
  resources: Resources,
): Promise<Rows> {
  return whileOpen(file, async (buffer) => readColumns(file, await tableOf(buffer), options, resources));
}

/**
 * The names of columns and the first rows as text; nested values are left empty.
 * @throws UserError for a file that is not Parquet
 */
export function peekParquet(
  file: string,
  bounds: Parameters<typeof peekColumns>[1],
): ReturnType<typeof peekColumns> {
  return whileOpen(file, async (buffer) => peekColumns(await tableOf(buffer), bounds));
}

async function whileOpen<T>(file: string, work: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  try {
    const { size } = await stat(file);
    const handle = await open(file, 'r');
    const reads: Promise<unknown>[] = [];
    try {
      const read = async (start: number, end: number): Promise<ArrayBuffer> => {
        if (!(start >= 0 && end >= start && end <= size))
          throw new Error(`bytes ${start} to ${end} of ${size} are asked for`);
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

async function tableOf(buffer: AsyncBuffer): Promise<ColumnTable> {
  const metadata = await readFooter(buffer);
  const fields = parquetSchema(metadata).children;
  return {
    names: fields.map(({ element }) => element.name),
    rows: Number(metadata.num_rows),
    otherThanNumbers: (column) => otherThanNumbers(fields[column]!),
    isPlain: (column) => isPlain(fields[column]!),
    groups: groupsWithRows(metadata).map((group) => ({
      count: Number(group.num_rows),
      read: (column, count, take) =>
        readColumn(buffer, { ...metadata, row_groups: [group] }, { field: fields[column]!, count }, take),
    })),
  };
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
