/** Which columns of a table are modeled. */
import { UserError } from '../base/user-error';

export interface ColumnOptions {
  /** Names or zero-based numbers; absent: all but the label column. */
  columns?: readonly (string | number)[];
  labelColumn?: string | number;
}

/**
 * @param named whether the names are the file's own
 * @throws UserError for a column that is not there, or when none is left
 */
export function chooseColumns(
  file: string,
  names: readonly string[],
  named: boolean,
  { columns, labelColumn }: ColumnOptions,
): { features: number[]; label?: number } {
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
  const features = columns ? columns.map(find) : names.map((_, i) => i).filter((i) => i !== label);
  if (features.length === 0) {
    throw new UserError(`${file}: no columns are left to model; expected at least one in data.columns.`);
  }
  return { features, ...(label === undefined ? {} : { label }) };
}
