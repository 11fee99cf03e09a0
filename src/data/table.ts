/** Tables of text: CSV, TSV and the like. */
import { CsvError, parse, type Info, type Parser } from 'csv-parse';
import { pipeline } from 'node:stream';
import { UserError } from '../base/user-error';
import { readError, streamUnpacked } from '../files/read';
import { firstUnpacked } from './bytes';
import { chooseColumns, type ColumnOptions, RefusedCells } from './columns';
import {
  type DecimalCommas,
  hasDecimalComma,
  isNumberBetween,
  takesDecimalCommas,
  withPoint,
} from './decimal-comma';
import { checkRowsLeft, GapCounter } from './gaps';
import { gapAdvice, isGap, isNumber, LabelEncoder, missing, textAdvice } from './labels';
import type { Resources } from './dataset';
import { createRowWriter, type Ragged, type Rows, type RowWriter } from './rows';

export interface TableOptions extends ColumnOptions {
  /** Absent: detected from the first line. */
  delimiter?: string;
  header?: boolean | 'auto';
  /** Reads only the first ones. */
  mostRows?: number;
}

interface Row {
  cells: string[];
  /** Line number in the file, where it was asked for; 0 elsewhere. */
  line: number;
}

/**
 * Reads a table of numbers, CSV, TSV or the like, plain or gzip, row by row: what does not fit memory goes to a temporary
 * file. Lines that start with # are comments.
 * @throws UserError naming file, line and column, and what was expected there
 */
export async function readTable(file: string, options: TableOptions, resources: Resources): Promise<Rows> {
  // To know the line of each row takes a third of the time, and only an error message needs it.
  try {
    const rows = await readOnce(file, options, resources, false);
    if (!rows.refused && !rows.ragged) return rows;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return readOnce(file, options, resources, true);
}

async function readOnce(
  file: string,
  options: TableOptions,
  resources: Resources,
  lines: boolean,
): Promise<Rows> {
  const delimiter = options.delimiter ?? (await sniffDelimiter(file));
  const builder = new TableBuilder(file, delimiter, options, resources);
  let first: Row | undefined;
  let started = false;
  for await (const row of rows(file, delimiter, lines)) {
    if (started) {
      if (builder.count >= (options.mostRows ?? Infinity)) break;
      if (builder.add(row)) await builder.flush();
    } else if (!first) {
      // Only a comparison with the second row shows whether the first one is a header.
      first = row;
    } else {
      builder.start(first, row);
      builder.add(row);
      started = true;
    }
  }
  if (!first)
    throw new UserError(`${file}: contains no rows; expected a table of numbers, one example per line.`);
  if (!started) builder.start(first, undefined);
  return builder.finish();
}

/**
 * The names of columns and the first rows as they are written.
 * @throws UserError for a file that is not a table
 */
export async function peekTable(
  file: string,
  { mostRows, mostCells }: { mostRows: number; mostCells: number },
  chosenDelimiter?: string,
): Promise<{ names: string[]; named: boolean; rows: string[][]; more: boolean; delimiter: string }> {
  const delimiter = chosenDelimiter ?? (await sniffDelimiter(file));
  const sample: Row[] = [];
  let cells = 0;
  let more = false;
  for await (const row of rows(file, delimiter, false)) {
    // One row of them may be the names.
    more = sample.length > mostRows || (sample.length > 1 && cells > mostCells);
    if (more) break;
    sample.push(row);
    cells += row.cells.length;
  }
  const [first, second] = sample;
  if (!first) return { names: [], named: false, rows: [], more, delimiter };
  const named = looksLikeHeader(first, second, delimiter);
  return {
    names: namesOf(first, named),
    named,
    rows: sample.slice(named ? 1 : 0).map((row) => row.cells),
    more,
    delimiter,
  };
}

function namesOf({ cells }: Row, named: boolean): string[] {
  return cells.map((cell, i) => (named && cell !== '' ? cell : `column ${i}`));
}

async function* rows(file: string, delimiter: string, lines: boolean): AsyncGenerator<Row> {
  const parser: Parser = parse({
    delimiter,
    bom: true,
    trim: true,
    comment: '#',
    comment_no_infix: true,
    skip_empty_lines: true,
    relax_column_count: true,
    info: lines,
    max_record_size: 2 ** 23,
  });
  try {
    pipeline(await streamUnpacked(file), parser, () => undefined);
    for await (const item of parser as AsyncIterable<string[] | { info: Info; record: string[] }>) {
      const [cells, line] = Array.isArray(item) ? [item, 0] : [item.record, item.info.lines];
      // Several blanks in a row separate columns as one does.
      yield { cells: delimiter === ' ' ? cells.filter((cell) => cell !== '') : cells, line };
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
  const head = await firstUnpacked(file, 65_536);
  const utf16 = head[0] === 0xff && head[1] === 0xfe;
  if (!utf16 && head.subarray(0, 4096).includes(0))
    throw new UserError(`${file}: is not a text file; expected a table of numbers (CSV or TSV).`);
  const line = head
    .toString(utf16 ? 'utf16le' : 'utf8')
    .split(/\r\n|\n|\r/)
    .find((text) => text.trim() !== '' && !text.startsWith('#'));
  const unquoted = (line ?? '').replace(/"[^"]*"/g, '');
  const candidates = ['\t', ';', ',', ' '];
  return candidates.find((candidate) => unquoted.trim().includes(candidate)) ?? ',';
}

function looksLikeHeader(first: Row, second: Row | undefined, delimiter: string): boolean {
  const isNumeric = (cell: string | undefined): boolean => isNumberBetween(cell, delimiter);
  const filled = first.cells.filter((cell) => !missing.has(cell.toLowerCase()));
  if (filled.length === 0) return false;
  if (filled.every((cell) => !isNumeric(cell))) return true;
  // Names are above numbers; a class written as text is in both rows.
  return first.cells.some((cell, i) => cell !== '' && !isNumeric(cell) && isNumeric(second?.cells[i]));
}

class TableBuilder {
  private width = 0;
  private widthLine = 0;
  private names: string[] = [];
  private features: number[] = [];
  private label: number | undefined;
  private row = new Float32Array(0);
  private writer: RowWriter | undefined;
  private gaps: GapCounter | undefined;
  private refused: RefusedCells | undefined;
  private ragged: Ragged | undefined;
  private readonly labels = new LabelEncoder();
  private readonly takesCommas: boolean;
  /** The first cell with a decimal comma, and the first with a point, of each column that has one. */
  private readonly commas = new Map<number, Row>();
  private readonly points = new Map<number, Row>();

  constructor(
    private readonly file: string,
    private readonly delimiter: string,
    private readonly options: TableOptions,
    private readonly resources: Resources,
  ) {
    this.takesCommas = takesDecimalCommas(delimiter);
  }

  start(first: Row, second: Row | undefined): void {
    const { header = 'auto' } = this.options;
    const named = header === 'auto' ? looksLikeHeader(first, second, this.delimiter) : header;
    this.width = first.cells.length;
    this.widthLine = first.line;
    this.names = namesOf(first, named);
    const chosen = chooseColumns(this.file, this.names, named, this.options);
    this.features = chosen.features;
    this.label = chosen.label;
    this.row = new Float32Array(this.features.length);
    this.writer = createRowWriter(this.features.length, this.resources);
    this.gaps = new GapCounter(this.features.length, this.options.missing ?? 'error');
    this.refused = this.options.lenient ? new RefusedCells(this.names) : undefined;
    if (!named) this.add(first);
  }

  get count(): number {
    return this.writer?.count ?? 0;
  }

  /** Whether it is time to flush. */
  add(textRow: Row): boolean {
    const { cells, line } = textRow;
    if (cells.length !== this.width) {
      this.ragged ??= { rows: 0, where: `line ${line}`, columns: cells.length, expected: this.width };
      this.ragged.rows++;
      if (!this.refused) throw this.badRow(this.ragged);
      return false;
    }
    const { features, row, label } = this;
    const { missing: treatment = 'error' } = this.options;
    for (let d = 0; d < features.length; d++) {
      const column = features[d]!;
      const cell = this.takesCommas ? this.pointed(textRow, column) : cells[column]!;
      const value = isNumber(cell) ? Math.fround(Number(cell)) : NaN;
      const isKept = Number.isFinite(value) || (treatment !== 'error' && cell !== undefined && isGap(cell));
      if (!isKept && !this.refused) throw this.badCell(cell!, line, column);
      if (!isKept) this.refused!.add(column, cells[column]!, `line ${line}`);
      // A refused value is not a gap.
      row[d] = isKept ? value : 0;
    }
    if (!this.gaps!.keeps(row, label !== undefined && cells[label] === '')) return false;
    if (label !== undefined) this.labels.add(cells[label]!);
    return this.writer!.add(row);
  }

  /**
   * A cell as a number is read.
   * @returns undefined in a lenient reading, where training would throw
   * @throws UserError for a column that has decimal commas and decimal points
   */
  private pointed(row: Row, column: number): string | undefined {
    const cell = row.cells[column]!;
    const comma = hasDecimalComma(cell);
    if (!comma && !cell.includes('.')) return cell;
    const [sameKind, other] = comma ? [this.commas, this.points] : [this.points, this.commas];
    if (!sameKind.has(column)) sameKind.set(column, row);
    const contrary = other.get(column);
    if (contrary && (comma || isNumber(cell))) {
      if (this.refused) return undefined;
      throw new UserError(
        `${this.file}: line ${row.line}, column "${this.names[column]}": ${JSON.stringify(cell)} has a decimal ` +
          `${comma ? 'comma' : 'point'}, but ${JSON.stringify(contrary.cells[column])} in line ${contrary.line} a ` +
          `${comma ? 'point' : 'comma'}. Write all numbers of the column in one way.`,
      );
    }
    return comma ? withPoint(cell) : cell;
  }

  async flush(): Promise<void> {
    await this.writer!.flush();
  }

  private badRow({ where, columns, expected }: Ragged): UserError {
    return new UserError(
      `${this.file}: ${where}: expected ${expected} columns as in line ${this.widthLine}, got ${columns}.`,
    );
  }

  private badCell(cell: string, line: number, column: number): UserError {
    const where = `${this.file}: line ${line}, column "${this.names[column]}"`;
    if (cell === '') return new UserError(`${where}: the value is missing. ${gapAdvice}`);
    const shown = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
    if (missing.has(cell.toLowerCase()) || isNumber(cell)) {
      const what = isGap(cell) ? gapAdvice : 'Remove the row, or correct the value.';
      return new UserError(`${where}: expected a finite number, got ${shown}. ${what}`);
    }
    const advice = hasDecimalComma(cell) ? 'Use a decimal point.' : textAdvice(this.names[column]!);
    return new UserError(`${where}: expected a number, got ${shown}. ${advice}`);
  }

  async finish(): Promise<Rows> {
    const writer = this.writer!;
    const gaps = this.gaps!.finish();
    if (writer.count === 0) checkRowsLeft(this.file, gaps);
    if (writer.count === 0 && this.ragged) throw this.badRow(this.ragged);
    if (writer.count === 0)
      throw new UserError(`${this.file}: contains a header but no rows; expected one example per line.`);
    const encoded = this.label === undefined ? undefined : this.labels.finish();
    return {
      all: await writer.finish(encoded?.labels),
      featureNames: this.features.map((i) => this.names[i]!),
      gaps,
      columns: this.features,
      ...this.refused?.finish(),
      ...(this.ragged ? { ragged: this.ragged } : {}),
      decimalCommas: this.features.flatMap((column): DecimalCommas[] => {
        const row = this.commas.get(column);
        return row ? [{ name: this.names[column]!, example: row.cells[column]! }] : [];
      }),
      ...(encoded ? { labelNames: encoded.labelNames } : {}),
    };
  }
}
