/** The context of each example, behind its features. */
import { sizeOf } from '../base/shape';
import { UserError } from '../base/user-error';
import { contextSizeOf, type WithContext } from '../config/context-size';
import type { DataConfig } from '../config/schema';
import type { Examples, ReadOptions } from './dataset';
import { namesOfDamaged } from './damaged';
import { keepsGeometry } from './picture';
import type { Opened } from './opened';

/** Classes that are given as numbers, one for each. */
const mostClasses = 1000;

/**
 * Adds what the config asks for to a context that columns of a table may be already.
 * @param openOther opens other data of the user's; with a shape, arrays of numbers of that shape
 * @throws UserError for data without classes, and for other data that have not a row, or an image, for each example
 */
export async function addContext(
  opened: Opened,
  config: DataConfig,
  openOther: (source: string, shape?: readonly number[]) => Promise<Opened>,
): Promise<Opened> {
  const { contextColumns, contextSource, labelContext } = config;
  if (contextColumns !== undefined && opened.contextNames === undefined) {
    throw new UserError(
      `${opened.source}: is no table, so it has no columns to choose; give the context as other data in data.contextSource.`,
    );
  }
  if (contextSource !== undefined && config.missing === 'drop') {
    throw new UserError(
      `${opened.source}: its rows with gaps are left out, but data.contextSource has a row for each; set data.missing to "mean", or ` +
        'give the context as columns of the table.',
    );
  }
  if (contextSource !== undefined && opened.damaged && opened.damaged.length > 0) {
    throw new UserError(
      `${opened.source}: some of its images cannot be read, but data.contextSource has something for each: ` +
        `${namesOfDamaged(opened.damaged)}. Replace them, or leave them and what comes with them out.`,
    );
  }
  const other =
    contextSource === undefined
      ? undefined
      : await openOther(contextSource, opened.kind === 'image' ? shapeFor(opened, config) : undefined);
  const isImage = opened.kind === 'image' && !isRow(config);
  const withOther = other ? besides(opened, other, isImage) : opened;
  return labelContext ? withClasses(withOther) : withOther;
}

/** Shape of each image's context. @throws UserError where it is not known, or would not match the crop */
function shapeFor({ source, fitted }: Opened, config: DataConfig): readonly number[] {
  const { contextShape: shape } = config;
  if (!shape) {
    throw new UserError(
      `${source}: holds images, whose context has a height, width and channels; give them in data.contextShape, ` +
        'or train a model with a context.',
    );
  }
  if (isRow(config) || (!fitted && keepsGeometry(config))) return shape;
  if (fitted)
    throw new UserError(
      `${source}: its images have different sizes, unlike their context. Give them one size.`,
    );
  throw new UserError(
    `${source}: data.crop, data.resize and data.size change the images and not their context; leave them out.`,
  );
}

/** One pixel is a row of numbers. */
function isRow({ contextShape: [height, width] = [1, 1, 1] }: Pick<DataConfig, 'contextShape'>): boolean {
  return height * width === 1;
}

/** @param isImage whether the numbers have no names */
function besides(opened: Opened, other: Opened, isImage: boolean): Opened {
  const rows = other.kind === 'vector' ? `${other.all.count} rows` : 'images';
  if (other.kind !== 'vector' || other.all.count !== opened.all.count) {
    throw new UserError(
      `${other.source}: holds ${rows}; expected ${opened.all.count} rows, one for each of ${opened.source}.`,
    );
  }
  if (opened.test) {
    throw new UserError(
      `${opened.source}: holds out examples of its own, for which ${other.source} has no rows; give the context as columns.`,
    );
  }
  const { size } = other.all;
  const names = other.featureNames ?? numberedContext(size);
  return extended(opened, isImage ? size : names, (indices) => other.all.read(indices));
}

function withClasses(opened: Opened): Opened {
  const { labels } = opened.all;
  const { labelNames: names, source } = opened;
  if (!labels || !names) {
    throw new UserError(
      `${source}: has no classes to give as context; name their column in data.labelColumn.`,
    );
  }
  if (names.length > mostClasses) {
    throw new UserError(
      `${source}: has ${names.length} classes; expected at most ${mostClasses} to give as context.`,
    );
  }
  const oneHot = (all: Examples) => (indices: ArrayLike<number>) => {
    const out = new Float32Array(indices.length * names.length);
    for (let i = 0; i < indices.length; i++) {
      const label = all.labels?.at(indices[i]!);
      if (label !== undefined && label >= 0) out[i * names.length + label] = 1;
    }
    return Promise.resolve(out);
  };
  return extended(opened, names, oneHot(opened.all), opened.test && oneHot(opened.test));
}

type ReadContext = (indices: ArrayLike<number>) => Promise<Float32Array>;

/** @param added names of the numbers, or how many there are */
function extended(
  { contextNames, ...opened }: Opened,
  added: readonly string[] | number,
  all: ReadContext,
  test?: ReadContext,
): Opened {
  const [count, names] = typeof added === 'number' ? [added, undefined] : [added.length, added];
  const before = contextSizeOf({ ...opened, contextNames });
  const named = names && before === (contextNames?.length ?? 0);
  return {
    ...opened,
    all: joined(opened.all, count, all),
    ...(opened.test && test ? { test: joined(opened.test, count, test) } : {}),
    ...(named ? { contextNames: [...(contextNames ?? []), ...names] } : {}),
    contextSize: before + count,
  };
}

function joined(examples: Examples, added: number, read: ReadContext): Examples {
  const { size } = examples;
  return {
    ...examples,
    size: size + added,
    async read(indices, options) {
      const [values, context] = await Promise.all([examples.read(indices, options), read(indices)]);
      return interleave(values, size, context, added);
    },
  };
}

/** Rows of both, with the rows of `b` after those of `a`. Sizes are for one row. */
export function interleave(a: Float32Array, sizeA: number, b: Float32Array, sizeB: number): Float32Array {
  const count = a.length / sizeA;
  const out = new Float32Array(count * (sizeA + sizeB));
  for (let i = 0; i < count; i++) {
    out.set(a.subarray(i * sizeA, (i + 1) * sizeA), i * (sizeA + sizeB));
    out.set(b.subarray(i * sizeB, (i + 1) * sizeB), i * (sizeA + sizeB) + sizeA);
  }
  return out;
}

/** Rows of a data set as features and, where it has one, context. */
export function splitContext(rows: Float32Array, data: { shape: readonly number[] } & WithContext) {
  const [dim, size] = [sizeOf(data.shape), contextSizeOf(data)];
  if (size === 0) return { features: rows };
  const count = rows.length / (dim + size);
  const features = new Float32Array(count * dim);
  const context = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const start = i * (dim + size);
    features.set(rows.subarray(start, start + dim), i * dim);
    context.set(rows.subarray(start + dim, start + dim + size), i * size);
  }
  return { features, context };
}

/** The features of each example alone. */
export function withoutContext<T extends Examples>(
  examples: T,
  data: { shape: readonly number[] } & WithContext,
): T {
  return {
    ...examples,
    size: sizeOf(data.shape),
    read: async (indices: ArrayLike<number>, options?: ReadOptions) =>
      splitContext(await examples.read(indices, options), data).features,
  };
}

/** Names of the values of a row, where they are known. */
export function columnNames({
  featureNames,
  contextNames = [],
}: Pick<Opened, 'featureNames' | 'contextNames'>): string[] | undefined {
  return featureNames && [...featureNames, ...contextNames];
}

/** "context 1", …: names for unnamed numbers. */
export const numberedContext = (size: number): string[] =>
  Array.from({ length: size }, (_, i) => `context ${i + 1}`);
