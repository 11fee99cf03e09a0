/** The context of a conditional flow: what it is, and how it is fed to graphs. */
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import { repeated } from '../../base/rows';
import { several, shortened, UserError } from '../../base/user-error';
import { numberedContext } from '../../data/context';
import type { Flow } from '../../flow/built-flow';
import { contextNumbers, type ClassRange, type ContextInfo } from '../../protocol/model';
import type { NdArray } from '../../protocol/tensors';
import type { Feeds, Program } from '../backends/backend';

/** Characters of a column's or a class's name that are shown or written into code. */
const longestName = 60;

/** Names and the usual range of each number; undefined for flows without a context. */
export function contextInfo(
  { standardize, data, config, origin }: Pick<CheckpointHeader, 'standardize' | 'data' | 'config' | 'origin'>,
  { context }: Flow,
  tensors: Readonly<Record<string, Partial<NdArray>>>,
): ContextInfo | undefined {
  if (!context) return undefined;
  const { size, shape } = context;
  if (config.model.kind !== 'vector') {
    const plain = plainContextInfo(size, shape);
    const classes = plain.shape
      ? undefined
      : (classRange(config.data, data?.labelNames, size) ??
        (origin?.contextIsClass ? { start: 0, count: size } : undefined));
    const names = data?.contextNames ?? plain.names.map((_, i) => String(i));
    return { ...plain, ...(classes ? { classes, names } : {}) };
  }
  const { dim } = config.model;
  const stored = (name: string): number[] | undefined => {
    const data = tensors[name]?.data;
    return data && Array.from(data, Number);
  };
  const classes = classRange(config.data, data?.labelNames, size);
  return {
    ...(classes ? { classes } : {}),
    names: standardize?.contextNames ?? data?.contextNames ?? origin?.contextNames ?? numberedContext(size),
    mean: standardize?.mean.slice(dim) ?? stored('context.mean') ?? Array<number>(size).fill(0),
    std: standardize?.std.slice(dim) ?? stored('context.std') ?? Array<number>(size).fill(1),
  };
}

/** Classes are the last numbers of a context; how many, the data say, or what else the context is made of. */
function classRange(
  config: CheckpointHeader['config']['data'],
  labels: readonly string[] | undefined,
  size: number,
): ClassRange | undefined {
  if (!config?.labelContext) return undefined;
  const { labelColumn, contextColumns, contextSource } = config;
  const others = contextColumns?.length ?? 0;
  const count = labels?.length ?? (contextSource === undefined ? size - others : 0);
  if (!(count > 0 && count <= size - others)) return undefined;
  return { start: size - count, count, ...(typeof labelColumn === 'string' ? { name: labelColumn } : {}) };
}

/** A context that nothing is known about. @param shape of an image */
export function plainContextInfo(size: number, shape?: ContextInfo['shape']): ContextInfo {
  const mean = Array<number>(size).fill(0);
  const std = Array<number>(size).fill(1);
  // A context of one pixel is a row of numbers.
  const isImage = shape && shape[0] * shape[1] > 1;
  return { names: isImage ? [] : numberedContext(size), ...(isImage ? { shape } : {}), mean, std };
}

/** "an image of 8×8×1", "redshift, City (3 classes)", or "3 numbers" where they have no names. */
export function contextWords(info: ContextInfo): string {
  const { shape, classes } = info;
  if (shape) return `an image of ${shape.join('×')}`;
  const { named, count } = contextNumbers(info);
  return [
    ...named.map((name) => shortened(name, longestName)),
    ...(count > 0 ? [several(count, 'number')] : []),
    ...(classes
      ? [
          `${shortened(classes.name ?? 'a class', longestName)} (${classes.count} class${classes.count === 1 ? '' : 'es'})`,
        ]
      : []),
  ].join(', ');
}

/** "mass; one-hot of city: Bonn, Oslo, Rome": what the numbers of a context are, in order. @param most names of a kind */
export function contextOrder(info: ContextInfo, most: number): string {
  const { names, mean, classes } = info;
  if (info.shape) return `${contextWords(info)}, row by row`;
  const listed = (some: readonly string[]): string | undefined => {
    if (some.length === 0 || some.some((name) => /^context \d+$/.test(name))) return undefined;
    const shown = some.map((name) => shortened(name, longestName));
    return shown.length > most
      ? `${shown.slice(0, most - 1).join(', ')}, … ${shown.at(-1)}`
      : shown.join(', ');
  };
  const start = classes?.start ?? mean.length;
  const parts = start > 0 ? [listed(names.slice(0, start)) ?? several(start, 'number')] : [];
  if (classes) {
    const ofClasses = listed(names.slice(start, start + classes.count));
    const what = `one-hot of ${shortened(classes.name ?? 'the class', longestName)}`;
    parts.push(ofClasses === undefined ? `${what} (${classes.count} classes)` : `${what}: ${ofClasses}`);
  }
  return parts.join('; ');
}

/**
 * `context` [count, C] of a graph.
 * @param context one for each example, or one for all; without, the mean
 * @throws UserError for another number of values
 */
export function contextFeed(
  info: ContextInfo,
  context: ArrayLike<number> | undefined,
  count: number,
): NdArray<Float32Array> {
  const size = info.mean.length;
  const values = context ?? info.mean;
  const shape = [count, size];
  if (values.length === count * size) return { shape, data: Float32Array.from(values) };
  if (values.length !== size) {
    const what = info.shape ? contextWords(info) : shortened(info.names.join(', '));
    throw new UserError(
      `The context has ${several(values.length, 'value')}; expected ${size} (${what}), or ${size} for each of ${count} examples.`,
    );
  }
  return { shape, data: repeated(Float32Array.from(values), count) };
}

/** What a graph is fed of a context, where it takes one. */
export function contextFeeds(
  info: ContextInfo | undefined,
  context: ArrayLike<number> | undefined,
  count: number,
): Feeds {
  return info ? { context: contextFeed(info, context, count) } : {};
}

/** Feeds the context to examples that come without their own. */
export function withContextFeed(
  program: Program,
  info: ContextInfo | undefined,
  context: ArrayLike<number> | undefined,
): Program {
  if (!info) return program;
  return {
    run(feeds) {
      if (feeds['context']) return program.run(feeds);
      const count = (feeds['x'] ?? feeds['z'] ?? feeds['h'])!.shape[0]!;
      return program.run({ ...feeds, context: contextFeed(info, context, count) });
    },
    dispose: () => program.dispose(),
  };
}
