/** Numbers as much of Europe writes them: 9,77 and 3.756,17. A comma that may separate columns is never taken for one. */
import { isNumber } from './labels';

/** A column that has them. */
export interface DecimalCommas {
  name: string;
  /** As it is written. */
  example: string;
}

const pattern = /^[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+$/;

/** @param delimiter what separates the columns of the table */
export const takesDecimalCommas = (delimiter: string): boolean => delimiter === ';' || delimiter === '\t';

export const hasDecimalComma = (cell: string): boolean => pattern.test(cell);

/** A number with a decimal comma, with a decimal point. */
export const withPoint = (cell: string): string => cell.replaceAll('.', '').replace(',', '.');

/** Whether a cell of a table whose columns are separated so is a number. */
export const isNumberBetween = (cell: string | undefined, delimiter: string): boolean =>
  isNumber(cell) || (cell !== undefined && takesDecimalCommas(delimiter) && hasDecimalComma(cell));

/** The cells of one column with points, where they have decimal commas and no decimal points; else as they are. */
export function withPoints(cells: readonly string[]): readonly string[] {
  if (!cells.some(hasDecimalComma)) return cells;
  const fit = cells.every((cell) => hasDecimalComma(cell) || (isNumber(cell) && !cell.includes('.')));
  return fit ? cells.map((cell) => (hasDecimalComma(cell) ? withPoint(cell) : cell)) : cells;
}
