/** What the user does with the columns of a table, and what comes of it. */
import { defined } from '../base/defined';
import { varies } from '../base/variation';
import type { OverviewColumn, TableOverview } from './data';
import type { DataChoice } from './engine';

export const uses = ['use', 'condition', 'number', 'label', 'weight', 'leave out'] as const;
export type Use = (typeof uses)[number];
/** Uses that are offered where they fit, and not shown as impossible elsewhere. */
export const isRare = (use: Use): boolean => use === 'number' || use === 'weight';
export type Missing = 'drop' | 'mean';

/** Columns that are so named hold a class, also where some classes are rare. */
const classNames = /^(class|label|target|species|kind|category)$/i;

/** Whole numbers that name classes rather than count: few, and none of them rare. */
export function isIntegerClass({ name, numbers, counts = [] }: OverviewColumn): boolean {
  if (!numbers?.findings?.some(({ kind }) => kind === 'few values') || counts.length === 0) return false;
  const mean = counts.reduce((sum, rows) => sum + rows, 0) / counts.length;
  return classNames.test(name) || 5 * Math.min(...counts) >= mean;
}

/** Whether a flow that is given the column takes it as a class, unless the user chooses otherwise. */
export const isContextClass = (column: OverviewColumn): boolean =>
  column.type === 'number' ? isIntegerClass(column) : isClass(column);

/** Classes that can be told apart in a legend and that are not names of rows. */
const isClass = ({ classes, seen }: OverviewColumn): boolean => classes && seen !== undefined;

export function allowedUses(column: OverviewColumn): Use[] {
  const numeric = column.type === 'number';
  const fits: Record<Use, boolean> = {
    use: numeric,
    condition: numeric || isClass(column),
    number: numeric && isIntegerClass(column),
    label: isClass(column),
    weight: numeric && (column.numbers?.min ?? -1) >= 0,
    'leave out': true,
  };
  return uses.filter((use) => fits[use]);
}

/**
 * Columns of numbers are used unless they number the rows. The first column of text with few values is the label, or else the
 * one whose whole numbers are classes. Other columns are left out.
 */
export function firstUses(columns: readonly OverviewColumn[]): Use[] {
  const label = firstLabel(columns);
  return columns.map((_, i) => {
    if (i === label) return 'label';
    return whyLeftOut(columns, i) === undefined ? 'use' : 'leave out';
  });
}

function firstLabel(columns: readonly OverviewColumn[]): number {
  const text = columns.findIndex(
    (column) => column.type === 'text' && isClass(column) && column.distinct > 1,
  );
  if (text >= 0) return text;
  const found = columns.filter(isIntegerClass);
  const named = found.filter(({ name }) => classNames.test(name));
  const [label] = named.length > 0 ? named : found.length === 1 ? found : [];
  const isModeled = (column: OverviewColumn): boolean => column.type === 'number' && !numbersRows(column);
  return label && columns.some((column) => column !== label && isModeled(column))
    ? columns.indexOf(label)
    : -1;
}

/** Why a column is left out from the start; `label` is the column that is the label instead. */
export type LeftOut =
  | { why: 'empty' | 'one value' | 'too fine' | 'row number' | 'date' | 'many values' }
  | { why: 'second class'; label: number };

export function whyLeftOut(columns: readonly OverviewColumn[], at: number): LeftOut | undefined {
  const column = columns[at]!;
  const { numbers, distinct, type } = column;
  const label = firstLabel(columns);
  if (at === label) return undefined;
  if (distinct === 0) return { why: 'empty' };
  if (distinct === 1 || (numbers && numbers.min === numbers.max)) return { why: 'one value' };
  if (type === 'number') {
    if (!numbers || !varies(numbers)) return { why: 'too fine' };
    return numbersRows(column) && columns.some((other) => other.numbers && !numbersRows(other))
      ? { why: 'row number' }
      : undefined;
  }
  if (type === 'date') return { why: 'date' };
  return isClass(column) ? { why: 'second class', label } : { why: 'many values' };
}

const numbersRows = ({ numbers }: OverviewColumn): boolean =>
  numbers?.findings?.some(({ kind }) => kind === 'row number') ?? false;

const givesClass = (column: OverviewColumn, use: Use): boolean =>
  use === 'label' || (use === 'condition' && isContextClass(column));

/** A table has one class, and one column of weights: another one steps back. */
export function withUse(
  columns: readonly OverviewColumn[],
  uses: readonly Use[],
  at: number,
  use: Use,
): Use[] {
  const isNew = givesClass(columns[at]!, use);
  return uses.map((other, i) => {
    if (i === at) return use;
    if (use === 'weight' && other === 'weight') return 'use';
    return isNew && givesClass(columns[i]!, other)
      ? columns[i]!.type === 'number'
        ? 'use'
        : 'leave out'
      : other;
  });
}

/** Rows with gaps are left out at first, unless none would stay. */
export const firstMissing = (
  overview: Pick<TableOverview, 'gaps' | 'looked'>,
  uses: readonly Use[],
): Missing => (rowsWithGaps(overview, uses) >= overview.looked ? 'mean' : 'drop');

/** Rows that have a gap in a column that is read. */
export function rowsWithGaps({ gaps }: Pick<TableOverview, 'gaps'>, uses: readonly Use[]): number {
  const isRead = (i: number): boolean => (uses[i] ?? 'leave out') !== 'leave out';
  return gaps.reduce((sum, { columns, rows }) => sum + (columns.some(isRead) ? rows : 0), 0);
}

/** The column without which fewest rows have gaps; undefined where there is nothing to be gained. */
export function worstColumn(
  overview: TableOverview,
  uses: readonly Use[],
): { at: number; rows: number } | undefined {
  const now = rowsWithGaps(overview, uses);
  const models = uses.filter((use) => use === 'use').length;
  const candidates = uses.flatMap((use, at) => {
    if (use === 'leave out' || (use === 'use' && models < 3)) return [];
    const rows = rowsWithGaps(
      overview,
      uses.map((other, i) => (i === at ? 'leave out' : other)),
    );
    return rows < now ? [{ at, rows }] : [];
  });
  return candidates.sort((a, b) => a.rows - b.rows)[0];
}

/** @param maps of columns that are used, by place */
export function tableChoice(
  overview: TableOverview,
  uses: readonly Use[],
  missing: Missing,
  maps: Readonly<Record<number, string>> = {},
): DataChoice {
  const { columns } = overview;
  const keysOf = (is: (use: Use, column: OverviewColumn) => boolean) =>
    columns.flatMap((column, i) => (uses[i] !== undefined && is(uses[i], column) ? [column.key] : []));
  const keys = (use: Use) => keysOf((other) => other === use);
  const [conditionClass] = keysOf((use, column) => use === 'condition' && isContextClass(column));
  const conditions = keysOf(
    (use, column) => use === 'number' || (use === 'condition' && !isContextClass(column)),
  );
  const context = defined({
    columns: conditions.length > 0 ? conditions : undefined,
    labels: conditionClass === undefined ? undefined : true,
    labelColumn: conditionClass ?? keys('label')[0],
  });
  // Lists the chosen columns of a table that has more columns than are shown, and the columns left out of any other.
  const all = columns.length === overview.columnCount;
  const [used, exclude, [weightColumn]] = [keys('use'), keys('leave out'), keys('weight')];
  const transforms = columns.flatMap(({ key }, i) =>
    uses[i] === 'use' && maps[i] ? [[key, maps[i]] as const] : [],
  );
  const reading = {
    ...(all ? (exclude.length > 0 ? { exclude } : {}) : { columns: used }),
    ...(weightColumn === undefined ? {} : { weightColumn }),
    ...(rowsWithGaps(overview, uses) > 0 ? { missing } : {}),
    ...(transforms.length > 0 ? { transforms: Object.fromEntries(transforms) } : {}),
  };
  return {
    ...(Object.keys(context).length > 0 ? { context } : {}),
    ...(Object.keys(reading).length > 0 ? { reading } : {}),
  };
}
