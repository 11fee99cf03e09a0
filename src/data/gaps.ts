/** Gaps: values that are missing from rows of a table. Readers that keep them write NaN, which no data have as a value. */
import { several, UserError } from '../base/user-error';
import {
  type ColumnTransform,
  afterMap,
  beforeMap,
  columnTransforms,
  type Standardization,
} from '../config/standardization';
import type { DataConfig } from '../config/schema';
import type { Split } from './dataset';

/** What becomes of rows with gaps. `mean`: they are kept, and filled when they are read. */
export type Missing = DataConfig['missing'];

/** Gaps that were found while a table was read. */
export interface Gaps {
  /** With at least one gap, of all that were read. */
  rows: number;
  of: number;
  /** In each column that was read: features, then context. */
  columns: number[];
  /** Whether the rows were left out. */
  dropped: boolean;
}

export class GapCounter {
  private rows = 0;
  private of = 0;
  private readonly columns: number[];

  constructor(
    size: number,
    private readonly missing: Missing,
  ) {
    this.columns = new Array<number>(size).fill(0);
  }

  /**
   * Counts the gaps of a row.
   * @param alsoElsewhere whether the row lacks what is not among its numbers, its class
   * @returns whether the row is kept
   */
  keeps(row: Float32Array, alsoElsewhere: boolean): boolean {
    let hasGap = this.missing === 'drop' && alsoElsewhere;
    this.of++;
    for (let d = 0; d < row.length; d++) {
      if (!Number.isNaN(row[d]!)) continue;
      this.columns[d]!++;
      hasGap = true;
    }
    if (hasGap) this.rows++;
    return !hasGap || this.missing !== 'drop';
  }

  finish(): Gaps {
    const { rows, of, columns } = this;
    return { rows, of, columns, dropped: this.missing === 'drop' };
  }
}

/** "left out 12 of 300 rows with gaps"; undefined where there are none. */
export function gapNote({ rows, of, dropped }: Gaps): string | undefined {
  if (rows === 0) return undefined;
  const count = `${rows.toLocaleString('en')} of ${of.toLocaleString('en')} rows`;
  return dropped
    ? `left out ${count} with gaps`
    : `filled gaps in ${count} with the mean of the training rows`;
}

/** @throws UserError when gaps took all rows */
export function checkRowsLeft(file: string, { rows, of }: Gaps): void {
  if (rows < of || rows === 0) return;
  throw new UserError(
    `${file}: each of its ${several(of, 'row')} has a gap, so leaving out rows with gaps leaves none. ` +
      'Leave out the columns with most gaps (--exclude, data.exclude), or fill the gaps (--missing mean, data.missing "mean").',
  );
}

/**
 * Both parts with their gaps filled by the means of the training rows, which are computed at the first gap. The mean of a
 * column with a map is taken after the map.
 */
export function withMeans(
  parts: { train: Split; validation: Split },
  names: readonly string[] | undefined,
  source: string,
  transforms?: Standardization['transforms'],
): { train: Split; validation: Split } {
  let means: Promise<Float64Array> | undefined;
  const maps = columnTransforms({ transforms });
  const fill = async (values: Float32Array): Promise<Float32Array> => {
    if (!values.some(Number.isNaN)) return values;
    const { size } = parts.train;
    const circle = maps?.findIndex(
      (one, d) => one?.map?.cut !== undefined && values.some((x, i) => i % size === d && Number.isNaN(x)),
    );
    if (circle !== undefined && circle >= 0)
      throw new UserError(
        `${source}: column "${names?.[circle] ?? circle}" is on a circle, which has no mean to fill its gaps with. ` +
          'Leave out the rows (--missing drop, data.missing "drop").',
      );
    means ??= meansOf(parts.train, names, source, maps);
    fillGaps(values, await means);
    return values;
  };
  const filled = (split: Split): Split => ({
    ...split,
    read: async (indices, options) => fill(await split.read(indices, options)),
    async *scan(options) {
      for await (const block of split.scan(options)) yield await fill(block);
    },
  });
  return { train: filled(parts.train), validation: filled(parts.validation) };
}

/** In place; `values` are rows of as many numbers as there are means. */
export function fillGaps(values: Float32Array, means: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) values[i] = means[i % means.length]!;
  }
}

/** In double precision, of the values that are there. @throws UserError for a column without any */
async function meansOf(
  split: Split,
  names: readonly string[] | undefined,
  source: string,
  transforms: readonly (ColumnTransform | undefined)[] | undefined,
): Promise<Float64Array> {
  const { size } = split;
  const means = new Float64Array(size);
  const counts = new Float64Array(size);
  for await (const block of split.scan()) {
    for (let i = 0; i < block.length; i++) {
      const d = i % size;
      const value = afterMap(transforms?.[d], block[i]!);
      if (!Number.isNaN(value)) means[d]! += (value - means[d]!) / ++counts[d]!;
    }
  }
  const empty = counts.indexOf(0);
  if (empty < 0) return means.map((mean, d) => beforeMap(transforms?.[d], mean));
  throw new UserError(
    `${source}: column "${names?.[empty] ?? empty}" has no value in the training rows, so its gaps cannot be filled ` +
      'with their mean. Leave the column out (--exclude, data.exclude).',
  );
}
