/** The maps of single columns that a config names, and whether the data lie within their bounds. */
import { columnMap, columnMapForms, isInside, type ColumnMap } from '../config/column-maps';
import type { DataConfig } from '../config/schema';
import { mapsOf, type Standardization } from '../config/standardization';
import { sizeOf } from '../base/shape';
import { UserError } from '../base/user-error';
import type { Opened } from './opened';
import { limited } from './split';

/** By feature; undefined where the config names none. @throws UserError for a column that is not modeled, or no such map */
export function transformsOf(
  { transforms }: Pick<DataConfig, 'transforms'>,
  { shape, featureNames }: Pick<Opened, 'shape'> & { featureNames?: readonly string[] | undefined },
): Standardization['transforms'] {
  if (!transforms || Object.keys(transforms).length === 0) return undefined;
  const found = new Array<string | null>(sizeOf(shape)).fill(null);
  for (const [column, text] of Object.entries(transforms)) {
    const number = /^\d+$/.test(column) ? Number(column) : -1;
    const at = featureNames
      ? Math.max(featureNames.indexOf(column), featureNames.indexOf(`column ${column}`))
      : number;
    if (!(at in found)) {
      const known = featureNames ? featureNames.slice(0, 20).join(', ') : `0 to ${found.length - 1}`;
      throw new UserError(
        `data.transforms (--transform) names the column "${column}"; expected one that is modeled: ${known}.`,
      );
    }
    if (!columnMap(text))
      throw new UserError(`data.transforms.${column}: expected ${columnMapForms}, got "${text}".`);
    found[at] = text;
  }
  return found;
}

/** @throws UserError for the first column with a value that its map does not take */
export async function checkBounds(opened: Opened, config: DataConfig, signal?: AbortSignal): Promise<void> {
  const texts = transformsOf(config, opened);
  const maps = mapsOf({ transforms: texts });
  if (!texts || !maps) return;
  for (const part of [opened.all, ...(opened.test ? [opened.test] : [])]) {
    const outside = await firstOutside(
      limited(part, undefined, 0).scan(signal ? { signal } : {}),
      part.size,
      maps,
    );
    if (!outside) continue;
    const { column, example, value, count, least, most } = outside;
    const name = opened.featureNames?.[column] ?? String(column);
    const text = texts[column]!;
    const { low, high } = maps[column]!;
    const takes = high < Infinity ? `values between ${low} and ${high}` : `values above ${low}`;
    throw new UserError(
      `${part === opened.test ? 'The held-out data' : opened.source}: example ${example} (from 0) has ${shown(value)} in the column "${name}", and ` +
        `${text} takes ${takes}. ${count.toLocaleString('en')} of ${part.count.toLocaleString('en')} examples are outside; the column goes from ${shown(least)} ` +
        `to ${shown(most)}. Choose bounds beyond these (${text.startsWith('logit') ? 'logit:LOW:HIGH' : 'log:LOW'}), leave out the rows, or do not ` +
        'transform the column (--transform, data.transforms).',
    );
  }
}

/** What to know of examples [N, D] of a trained flow; undefined where all are within its bounds. */
export async function boundsNote(
  fitted: Standardization | undefined,
  values: Float32Array,
  size: number,
): Promise<string | undefined> {
  if (!fitted?.transforms) return undefined;
  const maps = mapsOf(fitted)!;
  const outside = await firstOutside([values], size, maps);
  if (!outside) return undefined;
  const { column, example, value, count } = outside;
  const name = fitted.names?.[column] ?? `column ${column}`;
  return (
    `${count.toLocaleString('en')} examples are outside of what ${fitted.transforms[column]} takes of "${name}", where the ` +
    `flow has no density (example ${example} from 0 has ${shown(value)})`
  );
}

/** Seven digits, as many as float32 has. */
const shown = (value: number): string => String(Number(value.toPrecision(7)));

interface Outside {
  column: number;
  example: number;
  value: number;
  /** Examples with a value outside in this column, and its range in all of them. */
  count: number;
  least: number;
  most: number;
}

/** The first column with a value outside of its bounds. @param blocks of rows of `size` values; gaps are NaN */
async function firstOutside(
  blocks: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  size: number,
  maps: readonly (ColumnMap | undefined)[],
): Promise<Outside | undefined> {
  const found = maps.map((_, column): Outside => ({
    column,
    example: -1,
    value: NaN,
    count: 0,
    least: Infinity,
    most: -Infinity,
  }));
  let example = 0;
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += size, example++) {
      for (const one of found) {
        const map = maps[one.column];
        const value = block[at + one.column]!;
        if (!map || Number.isNaN(value)) continue;
        one.least = Math.min(one.least, value);
        one.most = Math.max(one.most, value);
        if (isInside(map, value)) continue;
        if (one.count++ === 0) Object.assign(one, { example, value });
      }
    }
  }
  return found.find(({ count }) => count > 0);
}
