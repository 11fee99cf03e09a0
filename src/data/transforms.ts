/** The transforms of single columns that a config names, and whether the data are such as they take. */
import {
  columnTransform,
  hasDensity,
  takes,
  transformForms,
  type ColumnTransform,
  columnTransforms,
  type Standardization,
} from '../config/standardization';
import type { DataConfig } from '../config/schema';
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
  const texts = new Array<string | null>(sizeOf(shape)).fill(null);
  for (const [column, text] of Object.entries(transforms)) {
    const number = /^\d+$/.test(column) ? Number(column) : -1;
    const at = featureNames
      ? Math.max(featureNames.indexOf(column), featureNames.indexOf(`column ${column}`))
      : number;
    if (!(at in texts)) {
      const known = featureNames ? featureNames.slice(0, 20).join(', ') : `0 to ${texts.length - 1}`;
      throw new UserError(
        `data.transforms (--transform) names the column "${column}"; expected one that is modeled: ${known}.`,
      );
    }
    if (!columnTransform(text))
      throw new UserError(`data.transforms.${column}: expected ${transformForms}, got "${text}".`);
    texts[at] = text;
  }
  return texts;
}

/** @throws UserError for the first column with a value that its transform does not take */
export async function checkBounds(opened: Opened, config: DataConfig, signal?: AbortSignal): Promise<void> {
  const texts = transformsOf(config, opened);
  const transforms = columnTransforms({ transforms: texts });
  if (!texts || !transforms) return;
  for (const part of [opened.all, ...(opened.test ? [opened.test] : [])]) {
    const outside = await firstOutside(
      limited(part, undefined, 0).scan(signal ? { signal } : {}),
      part.size,
      transforms,
      takes,
    );
    if (!outside) continue;
    const { column, example, value, count, least, most } = outside;
    const name = opened.featureNames?.[column] ?? String(column);
    const text = texts[column]!;
    throw new UserError(
      `${part === opened.test ? 'The held-out data' : opened.source}: example ${example} (from 0) has ${shown(value)} in the column "${name}", and ` +
        `${text} takes ${takenBy(transforms[column]!)}. ${count.toLocaleString('en')} of ${part.count.toLocaleString('en')} examples are outside; the column goes from ${shown(least)} ` +
        `to ${shown(most)}. ${remedyFor(text)} leave out the rows, or do not transform the column (--transform, data.transforms).`,
    );
  }
}

function takenBy({ integers, map }: ColumnTransform): string {
  const { low = -Infinity, high = Infinity } = map ?? {};
  if (map?.cut !== undefined) return `values from ${low} to ${high}`;
  if (!integers) return high < Infinity ? `values between ${low} and ${high}` : `values above ${low}`;
  if (!map) return 'integers up to about a million';
  return high < Infinity ? `integers from ${low} to ${high - 1}` : `integers of at least ${low}`;
}

function remedyFor(text: string): string {
  if (text === 'dequantize') return 'Round the values,';
  const form = text.startsWith('dequantize:') ? 'dequantize:' : '';
  if (text.includes('circular')) return `Choose bounds that hold them (${form}circular:LOW:HIGH),`;
  return `Choose bounds beyond these (${form}${text.includes('logit') ? 'logit:LOW:HIGH' : 'log:LOW'}),`;
}

/** What to know of examples [N, D] of a trained flow; undefined where all are such as its transforms take. */
export async function boundsNote(
  fitted: Standardization | undefined,
  values: Float32Array,
  size: number,
): Promise<string | undefined> {
  if (!fitted?.transforms) return undefined;
  const outside = await firstOutside([values], size, columnTransforms(fitted)!, hasDensity);
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

/** The first column with a value that is not good. @param blocks of rows of `size` values; gaps are NaN */
async function firstOutside(
  blocks: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  size: number,
  transforms: readonly (ColumnTransform | undefined)[],
  isGood: (transform: ColumnTransform, value: number) => boolean,
) {
  const outside = transforms.map((_, column) => ({
    column,
    example: -1,
    value: NaN,
    /** Examples with a value outside in this column, and its range in all of them. */
    count: 0,
    least: Infinity,
    most: -Infinity,
  }));
  let example = 0;
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += size, example++) {
      for (const one of outside) {
        const transform = transforms[one.column];
        const value = block[at + one.column]!;
        if (!transform || Number.isNaN(value)) continue;
        one.least = Math.min(one.least, value);
        one.most = Math.max(one.most, value);
        if (isGood(transform, value)) continue;
        if (one.count++ === 0) Object.assign(one, { example, value });
      }
    }
  }
  return outside.find(({ count }) => count > 0);
}
