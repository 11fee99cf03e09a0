/** What a table holds, before anybody chose what of it is modeled: its columns, its gaps, and its first rows as they are written. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { OverviewColumn, TableOverview } from '../../protocol/data';
import { isFolder } from '../../files/read';
import { detectFormat } from './detect';
import { takesDecimalCommas, withPoints } from '../decimal-comma';
import { createFeatureStatistics } from '../feature-statistics';
import { isGap, isNumber, LabelEncoder } from '../labels';
import { isBuiltin } from './open';
import { peekColumns } from '../column-table';
import { netcdfTable } from '../netcdf';
import { peekParquet } from '../parquet';
import { peekTable } from '../table';

/** Cells that are looked at, and rows of them. */
const mostCells = 2 ** 21;
const mostRows = 20_000;
const shownRows = 200;
/** Columns that are described and shown; more are counted. */
const shownColumns = 256;
/** Whole numbers of more values than these are taken for numbers. */
const mostClasses = 50;
const datePattern = /^(\d{4}-\d{1,2}-\d{1,2}([T ]\S.*)?|\d{1,2}[./]\d{1,2}[./](\d{2}|\d{4})( \S.*)?)$/;

/** The first rows of a table, as text. */
interface Peeked {
  names: string[];
  /** Whether the names are the file's own. */
  named: boolean;
  rows: string[][];
  /** What separates the columns of a text. */
  delimiter?: string;
  /** Rows in the file, where it says. */
  total?: number;
  /** Whether the file goes on after these rows. */
  more: boolean;
}

/**
 * @param baseFolder what a relative path is relative to
 * @returns undefined for data that are not a table
 * @throws UserError when the file cannot be read
 */
export async function tableOverview(source: string, baseFolder: string): Promise<TableOverview | undefined> {
  const file = path.resolve(baseFolder, source);
  const peeked = await peek(source, file, { mostRows, mostCells });
  const { size = 0 } = (peeked && (await stat(file).catch(() => undefined))) ?? {};
  return peeked && { name: path.basename(file), bytes: size, ...describeTable(peeked) };
}

/**
 * The names in the first row of a table; none of a table without them, or of other data.
 * @throws UserError when the file cannot be read
 */
export async function columnNames(source: string, baseFolder: string): Promise<readonly string[]> {
  const peeked = await peek(source, path.resolve(baseFolder, source), { mostRows: 2, mostCells });
  return peeked?.named ? peeked.names : [];
}

async function peek(
  source: string,
  file: string,
  bounds: { mostRows: number; mostCells: number },
): Promise<Peeked | undefined> {
  if (isBuiltin({ source, format: 'auto' }) || /\.json$/i.test(source)) return undefined;
  if (await isFolder(file)) return undefined;
  const format = await detectFormat(file);
  if (format === 'parquet') return peekParquet(file, bounds);
  if (format === 'netcdf') return peekColumns(await netcdfTable(file), bounds);
  if (format === 'csv' || format === 'tsv')
    return peekTable(file, bounds, format === 'tsv' ? '\t' : undefined);
  return undefined;
}

function describeTable(peeked: Peeked): Omit<TableOverview, 'name' | 'bytes'> {
  const { names, named, rows, total, more, delimiter = ',' } = peeked;
  const shown = names.slice(0, shownColumns);
  return {
    rows: total ?? rows.length,
    looked: rows.length,
    more: more && total === undefined,
    columns: shown.map((name, i) => {
      // Names may occur twice, and then the first is found by them.
      const key = named && names.indexOf(name) === i ? name : i;
      return describeColumn(
        name,
        key,
        rows.map((row) => row[i] ?? ''),
        takesDecimalCommas(delimiter),
      );
    }),
    columnCount: names.length,
    cells: rows.slice(0, shownRows).map((row) => shown.map((_, i) => (isGap(row[i] ?? '') ? '' : row[i]!))),
    gaps: gapPatterns(rows, names.length),
  };
}

function describeColumn(
  name: string,
  key: string | number,
  all: readonly string[],
  takesCommas: boolean,
): OverviewColumn {
  const filled = all.filter((cell) => !isGap(cell));
  const cells = takesCommas ? withPoints(filled) : filled;
  const numeric = cells.every(isNumber);
  const encoder = new LabelEncoder();
  for (const cell of cells) encoder.add(cell);
  const { labels, labelNames: seen } = encoder.finish();
  // As many values as rows are a name of each row, or a measurement.
  const few = seen.length > 1 && seen.length <= mostClasses && 2 * seen.length <= cells.length;
  const classes = !numeric || (few && seen.every((value) => Number.isInteger(Number(value))));
  const column = { name, key, classes, gaps: all.length - cells.length, distinct: seen.length };
  const counts = new Array<number>(seen.length).fill(0);
  for (const label of labels) counts[label]!++;
  const isDate = !numeric && cells.length > 0 && cells.every((cell) => datePattern.test(cell));
  return {
    ...column,
    type: numeric ? 'number' : isDate ? 'date' : 'text',
    ...(classes && seen.length <= mostClasses ? { seen, counts } : {}),
    ...(numeric && cells.length > 0 ? { numbers: numbersOf(name, cells) } : {}),
  };
}

function numbersOf(name: string, cells: readonly string[]): OverviewColumn['numbers'] {
  const statistics = createFeatureStatistics(1);
  // As they are written: what float32 keeps of them is another question.
  statistics.add(Float64Array.from(cells, Number));
  const { distinct: _, name: __, ...numbers } = statistics.finish(() => name, cells.length)[0]!;
  return numbers;
}

/** How many rows have gaps in just these columns. */
function gapPatterns(rows: readonly string[][], width: number): TableOverview['gaps'] {
  const patterns = new Map<string, { columns: number[]; rows: number }>();
  for (const row of rows) {
    const columns: number[] = [];
    for (let i = 0; i < width; i++) if (isGap(row[i] ?? '')) columns.push(i);
    if (columns.length === 0) continue;
    const pattern = patterns.get(columns.join()) ?? { columns, rows: 0 };
    pattern.rows++;
    patterns.set(columns.join(), pattern);
  }
  return [...patterns.values()].sort((a, b) => b.rows - a.rows);
}
