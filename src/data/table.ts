import { CsvError, parse, type Info, type Parser } from 'csv-parse';
import { pipeline } from 'node:stream';
import { UserError } from '../config/user-error';
import type { Split } from './dataset';
import { readError, streamUnpacked } from '../files/read';

export interface TableOptions {
  /** Absent: told from the first line. */
  delimiter?: string;
  header?: boolean | 'auto';
  /** Names or zero-based numbers; absent: all but the label column. */
  columns?: readonly (string | number)[];
  labelColumn?: string | number;
}

export interface Table extends Split {
  values: Float32Array;
  featureNames: string[];
  labelNames?: string[];
}

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const missing = new Set([
  '',
  'na',
  'n/a',
  'nan',
  'null',
  'none',
  '?',
  '-',
  'inf',
  '-inf',
  '+inf',
  'infinity',
]);

interface Row {
  cells: string[];
  line: number;
}

/**
 * Reads a table of numbers, CSV, TSV or the like, plain or gzip. Lines that start with # are comments.
 * @throws UserError naming file, line and column, and what was expected there
 */
export async function readTable(file: string, options: TableOptions = {}): Promise<Table> {
  const delimiter = options.delimiter ?? (await sniffDelimiter(file));
  const builder = new TableBuilder(file, options);
  let first: Row | undefined;
  let started = false;
  for await (const row of rows(file, delimiter)) {
    if (started) {
      builder.add(row);
    } else if (!first) {
      // Whether the first row is a header shows only beside the second.
      first = row;
    } else {
      builder.start(first, row);
      builder.add(row);
      started = true;
    }
  }
  if (!first) {
    throw new UserError(`${file}: holds no rows; expected a table of numbers, one example a line.`);
  }
  if (!started) builder.start(first, undefined);
  return builder.finish();
}

async function* rows(file: string, delimiter: string): AsyncGenerator<Row> {
  const parser: Parser = parse({
    delimiter,
    bom: true,
    trim: true,
    comment: '#',
    comment_no_infix: true,
    skip_empty_lines: true,
    relax_column_count: true,
    info: true,
    max_record_size: 2 ** 23,
  });
  try {
    pipeline(await streamUnpacked(file), parser, () => undefined);
    for await (const { info, record } of parser as AsyncIterable<{ info: Info; record: string[] }>) {
      // Several blanks in a row separate columns as one does.
      yield { cells: delimiter === ' ' ? record.filter((cell) => cell !== '') : record, line: info.lines };
    }
  } catch (error) {
    if (error instanceof CsvError) {
      const line = Number(error.lines);
      const where = Number.isInteger(line) ? `near line ${line}: ` : '';
      throw new UserError(`${file}: ${where}not a readable table: ${error.message}.`);
    }
    throw readError(file, error);
  }
}

async function sniffDelimiter(file: string): Promise<string> {
  try {
    const source = await streamUnpacked(file);
    let head = Buffer.alloc(0);
    for await (const chunk of source) {
      head = Buffer.concat([head, chunk as Buffer]);
      if (head.length >= 65_536) break;
    }
    const utf16 = head[0] === 0xff && head[1] === 0xfe;
    if (!utf16 && head.subarray(0, 4096).includes(0)) {
      throw new UserError(`${file}: is not a text file; expected a table of numbers (CSV or TSV).`);
    }
    const line = head
      .toString(utf16 ? 'utf16le' : 'utf8')
      .split(/\r\n|\n|\r/)
      .find((text) => text.trim() !== '' && !text.startsWith('#'));
    const unquoted = (line ?? '').replace(/"[^"]*"/g, '');
    const candidates = ['\t', ';', ',', ' '];
    return candidates.find((candidate) => unquoted.trim().includes(candidate)) ?? ',';
  } catch (error) {
    throw readError(file, error);
  }
}

const isNumber = (cell: string | undefined) => cell !== undefined && numberPattern.test(cell);

function looksLikeHeader(first: Row, second: Row | undefined): boolean {
  const filled = first.cells.filter((cell) => !missing.has(cell.toLowerCase()));
  if (filled.length === 0) return false;
  if (filled.every((cell) => !isNumber(cell))) return true;
  // Names over numbers; a class written as text stands in both rows.
  return first.cells.some((cell, i) => cell !== '' && !isNumber(cell) && isNumber(second?.cells[i]));
}

class TableBuilder {
  private width = 0;
  private widthLine = 0;
  private names: string[] = [];
  private features: number[] = [];
  private label: number | undefined;
  private values = new Float32Array(0);
  private readonly labels: string[] = [];
  private count = 0;

  constructor(
    private readonly file: string,
    private readonly options: TableOptions,
  ) {}

  start(first: Row, second: Row | undefined): void {
    const { header = 'auto', columns, labelColumn } = this.options;
    const named = header === 'auto' ? looksLikeHeader(first, second) : header;
    this.width = first.cells.length;
    this.widthLine = first.line;
    this.names = first.cells.map((cell, i) => (named && cell !== '' ? cell : `column ${i}`));
    const find = (column: string | number) => this.find(column, named);
    this.label = labelColumn === undefined ? undefined : find(labelColumn);
    this.features = columns ? columns.map(find) : this.names.map((_, i) => i).filter((i) => i !== this.label);
    if (this.features.length === 0) {
      throw new UserError(`${this.file}: no column is left to model; expected at least one in data.columns.`);
    }
    if (!named) this.add(first);
  }

  private find(column: string | number, named: boolean): number {
    const index = typeof column === 'number' ? column : this.names.indexOf(column);
    if (typeof column === 'string' && !named) {
      throw new UserError(
        `${this.file}: column "${column}" was asked for by name, but the first row holds no names. ` +
          `Use its zero-based number, or set data.header to true.`,
      );
    }
    if (index < 0 || index >= this.width) {
      const shown = this.names.slice(0, 20).join(', ') + (this.width > 20 ? ', …' : '');
      throw new UserError(
        `${this.file}: there is no column ${typeof column === 'number' ? column : `"${column}"`}; ` +
          `it has ${this.width} columns: ${shown}${typeof column === 'number' ? ' (counted from 0)' : ''}.`,
      );
    }
    return index;
  }

  add({ cells, line }: Row): void {
    if (cells.length !== this.width) {
      throw new UserError(
        `${this.file}: line ${line}: expected ${this.width} columns as in line ${this.widthLine}, got ${cells.length}.`,
      );
    }
    const size = this.features.length;
    if ((this.count + 1) * size > this.values.length) {
      const larger = new Float32Array(Math.max(1024, 2 * this.count) * size);
      larger.set(this.values);
      this.values = larger;
    }
    for (let d = 0; d < size; d++) {
      const column = this.features[d]!;
      const cell = cells[column]!;
      const value = isNumber(cell) ? Math.fround(Number(cell)) : NaN;
      if (!Number.isFinite(value)) throw this.badCell(cell, line, column);
      this.values[this.count * size + d] = value;
    }
    if (this.label !== undefined) this.labels.push(cells[this.label]!);
    this.count++;
  }

  private badCell(cell: string, line: number, column: number): UserError {
    const where = `${this.file}: line ${line}, column "${this.names[column]}"`;
    if (cell === '') return new UserError(`${where}: the value is missing. Remove the row or fill it in.`);
    const shown = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
    if (missing.has(cell.toLowerCase()) || isNumber(cell)) {
      return new UserError(`${where}: expected a finite number, got ${shown}. Remove the row or fill it in.`);
    }
    const advice = /^[+-]?\d+,\d+$/.test(cell)
      ? 'Write decimals with a point.'
      : `If it is a class, set data.labelColumn to ${JSON.stringify(this.names[column])}; ` +
        `to leave it out, list the others in data.columns.`;
    return new UserError(`${where}: expected a number, got ${shown}. ${advice}`);
  }

  finish(): Table {
    if (this.count === 0) {
      throw new UserError(`${this.file}: holds a header but no rows; expected one example a line.`);
    }
    return {
      count: this.count,
      values: this.values.slice(0, this.count * this.features.length),
      featureNames: this.features.map((i) => this.names[i]!),
      ...(this.label === undefined ? {} : encodeLabels(this.labels)),
    };
  }
}

/** Classes in numeric order where all are numbers, else by character code, so that no locale decides. */
function encodeLabels(texts: readonly string[]): { labels: Int32Array; labelNames: string[] } {
  const labelNames = [...new Set(texts)];
  if (labelNames.every(isNumber)) labelNames.sort((a, b) => Number(a) - Number(b));
  else labelNames.sort();
  const index = new Map(labelNames.map((name, i) => [name, i]));
  return { labels: Int32Array.from(texts, (text) => index.get(text)!), labelNames };
}
