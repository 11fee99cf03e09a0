/** A table of numbers as text: comma-separated, one header line with units, as spreadsheets and pandas read it. */

export interface Column {
  name: string;
  /** Written behind the name in brackets. */
  unit?: string;
  values: ArrayLike<number | string | undefined>;
}

/** Points decimals whatever the language; a missing value is empty, a non-finite one is "nan", "inf" or "-inf". */
export function csvText(columns: readonly Column[]): string {
  const rows = Math.max(0, ...columns.map(({ values }) => values.length));
  const lines = [columns.map(({ name, unit }) => cell(unit ? `${name} [${unit}]` : name)).join(',')];
  for (let i = 0; i < rows; i++) lines.push(columns.map(({ values }) => cell(values[i])).join(','));
  return `${lines.join('\n')}\n`;
}

function cell(value: number | string | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number')
    return Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
  const text = isFormula(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Whether a spreadsheet would compute a text, which may be a name out of a file. A signed number is not one. */
function isFormula(text: string): boolean {
  return /^[=+\-@\t\r]/.test(text) && !/^[+-][\d.]+$/.test(text);
}
