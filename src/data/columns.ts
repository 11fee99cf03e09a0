/** Which columns of a table are modeled. */
import type { RefusedColumn } from '../protocol/data';
import { UserError } from '../base/user-error';
import type { Missing } from './gaps';

/** Columns of a row of numbers: four times as many as a flow has; a line with only commas has millions. */
export const mostColumns = 2 ** 14;

export interface ColumnOptions {
  /** Names or zero-based numbers; absent: all but the label column. */
  columns?: readonly (string | number)[];
  /** Left out. */
  exclude?: readonly (string | number)[];
  labelColumn?: string | number;
  /** Read behind the others, and no longer among those unless `columns` names them. */
  contextColumns?: readonly (string | number)[];
  /** Holds the weight of each row, read behind all others. */
  weightColumn?: string | number;
  /** Without it, a gap is an error. */
  missing?: Missing;
  /** For a look: what training refuses is counted, and read as 0. */
  lenient?: boolean;
}

/**
 * @param named whether the names are the file's own
 * @throws UserError for a column that is not there, or when none is left
 */
export function chooseColumns(
  file: string,
  names: readonly string[],
  named: boolean,
  { columns, exclude = [], labelColumn, contextColumns = [], weightColumn }: ColumnOptions,
): { features: number[]; label?: number; context: number } {
  const find = (column: string | number): number => {
    const index = typeof column === 'number' ? column : names.indexOf(column);
    if (typeof column === 'string' && !named) {
      throw new UserError(
        `${file}: column "${column}" is given by name, but the first row has no names. ` +
          `Use its number, counted from 0, or set data.header to true.`,
      );
    }
    if (index < 0 || index >= names.length) {
      const shown = names.slice(0, 20).join(', ') + (names.length > 20 ? ', …' : '');
      throw new UserError(
        `${file}: there is no column ${typeof column === 'number' ? column : `"${column}"`}; ` +
          `it has ${names.length} columns: ${shown}${typeof column === 'number' ? ' (counted from 0)' : ''}.`,
      );
    }
    return index;
  };
  const label = labelColumn === undefined ? undefined : find(labelColumn);
  const context = contextColumns.map(find);
  const weight = weightColumn === undefined ? [] : [find(weightColumn)];
  const excluded = exclude.map(find);
  const aside = [...context, ...weight, ...excluded];
  const features = columns
    ? columns.map(find)
    : names.map((_, i) => i).filter((i) => i !== label && !aside.includes(i));
  const selection = [...features, ...context, ...(label === undefined ? [] : [label])];
  const contrary = excluded.find((column) => selection.includes(column));
  if (contrary !== undefined) {
    throw new UserError(
      `${file}: the column "${names[contrary]}" is left out (--exclude, data.exclude), but also modeled, given or the class; ` +
        'name it in one place.',
    );
  }
  if (weight.some((column) => [...selection, ...excluded].includes(column))) {
    throw new UserError(
      `${file}: the column "${names[weight[0]!]}" holds the weights (--weight-column, data.weightColumn), and is also modeled, given, ` +
        'left out or the class; name it in one place.',
    );
  }
  const both = context.find((column) => features.includes(column));
  if (both !== undefined) {
    throw new UserError(
      `${file}: the column "${names[both]}" is modeled and given as context; choose one of the two (data.columns, data.contextColumns).`,
    );
  }
  if (features.length > mostColumns) {
    throw new UserError(
      `${file}: has ${features.length} columns to model; at most ${mostColumns} are read. Choose those that matter (--columns, data.columns).`,
    );
  }
  if (features.length === 0) {
    throw new UserError(
      `${file}: no columns are left to model; expected at least one (--columns, data.columns).`,
    );
  }
  return {
    features: [...features, ...context, ...weight],
    ...(label === undefined ? {} : { label }),
    context: context.length,
  };
}

/** Counts what training refuses, column by column. */
export class RefusedCells {
  private readonly columns = new Map<number, RefusedColumn>();

  constructor(private readonly names: readonly string[]) {}

  add(column: number, cell: string, where: string): void {
    const entry = this.columns.get(column);
    if (entry) entry.rows++;
    else {
      const example = cell.length > 40 ? `${cell.slice(0, 40)}…` : cell;
      this.columns.set(column, { name: this.names[column]!, column, rows: 1, example, where });
    }
  }

  /** A column of a type that holds no numbers. */
  addAll(column: number, type: string, rows: number): void {
    this.columns.set(column, { name: this.names[column]!, column, rows, example: type });
  }

  finish(): { refused?: RefusedColumn[] } {
    const refused = [...this.columns.values()].sort((a, b) => a.column - b.column);
    return refused.length > 0 ? { refused } : {};
  }
}
