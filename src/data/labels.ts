/** Classes as they are written, and as numbers. */
import { entryOf } from '../base/kept';

/** Each text can be read in one way only, so that a long one takes no time. */
const numberPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** Characters; no number has more. */
const longestNumber = 1000;

export const isNumber = (cell: string | undefined): boolean =>
  cell !== undefined && cell.length <= longestNumber && numberPattern.test(cell);

/** Spellings of a missing value, in lower case. */
export const missing: ReadonlySet<string> = new Set([
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

/** Whether a cell says that there is no value. Infinity is one, and no flow can model it. */
export const isGap = (cell: string): boolean => {
  const lower = cell.toLowerCase();
  return missing.has(lower) && !lower.includes('inf');
};

/** What to do about a gap. */
export const gapAdvice =
  'Fill it in, leave out rows with gaps (--missing drop, data.missing "drop"), or fill them with the mean ' +
  '(--missing mean, data.missing "mean").';

/** What to do about a column of text. */
export const textAdvice = (name: string): string =>
  `If it is a class, make it the label (--label-column, data.labelColumn ${JSON.stringify(name)}), ` +
  'which a conditional flow is given (--condition-labels); ' +
  'otherwise leave it out (--exclude, data.exclude).';

/** Collects the classes of rows, 4 bytes each. */
export class LabelEncoder {
  private readonly numbers = new Map<string, number>();
  private values = new Int32Array(1024);
  private count = 0;

  add(text: string): void {
    const number = entryOf(this.numbers, text, () => this.numbers.size);
    if (this.count === this.values.length) {
      const larger = new Int32Array(2 * this.count);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count++] = number;
  }

  /** Classes in numeric order where all are numbers, else by character code, so that no locale decides. */
  finish(): { labels: Int32Array; labelNames: string[] } {
    const labelNames = [...this.numbers.keys()];
    if (labelNames.every(isNumber)) labelNames.sort((a, b) => Number(a) - Number(b));
    else labelNames.sort();
    const order = new Int32Array(labelNames.length);
    labelNames.forEach((name, i) => (order[this.numbers.get(name)!] = i));
    return { labels: this.values.slice(0, this.count).map((number) => order[number]!), labelNames };
  }
}
