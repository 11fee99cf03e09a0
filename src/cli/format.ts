/** Numbers, paths and tables as a person reads them. */
import type { MetricsRow } from '../protocol/run';
import path from 'node:path';
import { several } from '../base/user-error';

/** 512 B, 1.3 KB, 24 MB. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  let value = count;
  let unit = -1;
  while (value >= 1000 && unit < 3) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${['KB', 'MB', 'GB', 'TB'][unit]}`;
}

/** 1,271,031 */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** "1 example", "1,271,031 examples" */
export function counted(value: number, what: string): string {
  return several(value, what, count(value));
}

/** 950, 12.3k, 1.2M */
export function rate(value: number): string {
  if (value < 1000) return String(Math.round(value));
  return value < 1e6 ? `${(value / 1000).toFixed(value < 1e4 ? 1 : 0)}k` : `${(value / 1e6).toFixed(1)}M`;
}

/** Fixed decimals, with a true minus sign kept ASCII so that the text can be parsed again. */
export function fixed(value: number | undefined, digits = 3): string {
  if (value === undefined) return '–';
  return Number.isFinite(value) ? value.toFixed(digits) : String(value);
}

/** 1.0e-3 */
export function scientific(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

/** Longer cells extend beyond their column. */
const widestColumn = 200;

/** Rows under headings; `right` columns are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, c) => {
      widths[c] = Math.min(widestColumn, Math.max(widths[c] ?? 0, cell.length));
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, c) => (right.includes(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Name and value, one a line; names without a value are left out. */
export function pairs(entries: readonly (readonly [string, string | undefined])[]): string {
  return table(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** Relative to the current folder where it lies in it. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

/** How many draws of a flow count on its target; empty where none were weighed. */
export function weighedText({ efficiency, logEvidence, logEvidenceError }: Partial<MetricsRow>): string {
  if (efficiency === undefined) return '';
  const evidence = `, log Z ${fixed(logEvidence ?? NaN)} ± ${fixed(logEvidenceError ?? NaN)}`;
  return `ESS ${fixed(100 * efficiency, 1)}%${logEvidence === undefined ? '' : evidence}`;
}
