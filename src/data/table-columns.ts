/** What a table's columns are, by its first rows: which can be modeled or given, and which are classes. */
import path from 'node:path';
import type { TableColumn } from '../protocol/data';
import { detectFormat } from './detect';
import { isNumber, LabelEncoder } from './labels';
import { isBuiltin } from './open';
import { parquetColumns } from './parquet';
import { peekTable } from './table';

/** Rows that are looked at. */
const mostRows = 1000;
/** Whole numbers of more values than these are taken for numbers. */
const mostClasses = 50;

/**
 * @param baseFolder what a relative path is relative to
 * @returns undefined for data that are no table
 * @throws UserError when the file cannot be read
 */
export async function tableColumns(source: string, baseFolder: string): Promise<TableColumn[] | undefined> {
  if (isBuiltin({ source, format: 'auto' })) return undefined;
  const file = path.resolve(baseFolder, source);
  const format = await detectFormat(file);
  if (format === 'parquet') {
    const columns = await parquetColumns(file);
    // Values stand in row groups that are decoded as a whole: a look at the first ones may cost as much as all.
    return columns.map(({ name, numeric, whole }) => ({
      name,
      key: name,
      numeric,
      classes: !numeric || whole,
    }));
  }
  if (format !== 'csv' && format !== 'tsv') return undefined;
  const { names, named, rows } = await peekTable(file, mostRows, format === 'tsv' ? '\t' : undefined);
  return names.map((name, i) => {
    const cells = rows.flatMap((row) => (row[i] === undefined || row[i] === '' ? [] : [row[i]]));
    const numeric = cells.every(isNumber);
    const encoder = new LabelEncoder();
    for (const cell of cells) encoder.add(cell);
    const seen = encoder.finish().labelNames;
    // As many values as rows are a name of each row, or a measurement.
    const few = seen.length > 1 && seen.length <= mostClasses && 2 * seen.length <= cells.length;
    const classes = !numeric || (few && seen.every((value) => Number.isInteger(Number(value))));
    // Names may stand twice, and then the first is found by them.
    const key = named && names.indexOf(name) === i ? name : i;
    return { name, key, numeric, classes, ...(classes ? { seen } : {}) };
  });
}
