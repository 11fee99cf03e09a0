/** From an array as someone saved it to what a flow takes: shape, layout, space, and the noise of dequantization. */
import { type ImageModelConfig, type ModelConfig, hasLogit } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { toFloat32, type NpyArray } from '../../data/npy';
import { stream } from '../../data/random';
import { lowestShare } from '../../flow/preprocess';
import { sameShape } from '../../graph/ir';
import { dequantize, hasIntegers, padImages } from '../model/inputs';
import { toChannelsLast, laidOut, type Layout, type FlowRunner, type Space } from '../model/runner';
import { sizeOf } from '../../base/shape';

export interface FlowInput {
  /** [count, …inputShape], channels last, in `space`. Pixels have their noise. */
  x: Float32Array;
  count: number;
  space: Space;
  /** Whether these are integer pixels, or have features that are integers, which noise was added to (or is to be). */
  dequantized: boolean;
}

export interface InputOptions {
  space: Space | 'auto';
  layout: Layout;
  /** Seed of the noise of dequantization. */
  seed: number;
  /** False leaves integer pixels without noise, for a caller that adds its own. */
  noise?: boolean;
  /** Named in messages. */
  where: string;
}

const isInteger = (dtype: string): boolean => !dtype.startsWith('float');

/**
 * The default space of an array: images of an integer type are pixels, images of a floating-point type
 * are the flow's own input (logits); vectors are raw coordinates.
 */
export function resolveSpace(config: ModelConfig, dtype: string, option: Space | 'auto'): Space {
  if (option !== 'auto') return option;
  return config.kind === 'vector' || isInteger(dtype) ? 'data' : 'flow';
}

/**
 * Examples for `forward`. In data space, integer pixels get uniform noise in [0, 1), which depends on the seed and the
 * place in the array only; floating-point pixels are taken as they are: in [0, levels], or slightly outside for samples.
 * @throws UserError saying which shape, layout or values were expected
 */
export function prepareInput(runner: FlowRunner, array: NpyArray, options: InputOptions): FlowInput {
  const { config, inputShape } = runner;
  const space = resolveSpace(config, array.dtype, options.space);
  const bare = config.kind === 'image' ? [config.height, config.width, config.channels] : inputShape;
  const accepted =
    config.kind === 'image' && config.pad > 0 && space === 'data' ? [bare, inputShape] : [inputShape];
  const { count, shape } = matchShape(array.shape, accepted, options);
  const { data } = toFloat32(array);
  // The caller's array stays as it is, for it may be used again with other noise.
  const values = data === array.data ? data.slice() : data;
  checkFinite(values, array.shape, options.where);
  let x = toChannelsLast(values, shape, options.layout);
  if (space === 'flow') return { x, count, space, dequantized: false };
  const noise = stream(options.seed, 'apply-noise');
  if (config.kind === 'vector') {
    if (options.noise !== false) dequantize(x, runner, noise);
    return { x, count, space, dequantized: hasIntegers(runner) };
  }

  const dequantized = isInteger(array.dtype);
  checkPixels(x, config, dequantized, options.where);
  if (sizeOf(shape) !== sizeOf(inputShape)) x = padImages(x, count, config);
  if (dequantized && options.noise !== false) dequantize(x, runner, noise);
  return { x, count, space, dequantized };
}

/** Latents for `inverse`: [count, …outputShape], channels last. */
export function prepareLatent(
  runner: FlowRunner,
  array: NpyArray,
  options: Pick<InputOptions, 'layout' | 'where'>,
): { z: Float32Array; count: number } {
  const { count, shape } = matchShape(array.shape, [runner.outputShape], options);
  const { data } = toFloat32(array);
  checkFinite(data, array.shape, options.where);
  return { z: toChannelsLast(data, shape, options.layout), count };
}

/** The layout that an array has: the usual one, unless it fits the other alone. @param event shapes of one example, channels last */
export function layoutOf(
  arrayShape: readonly number[],
  events: readonly (readonly number[])[],
  usual: Layout,
): Layout {
  const fits = (layout: Layout): boolean =>
    events.some((event) => laidOut(event, layout).join() === arrayShape.slice(1).join());
  const other: Layout = usual === 'nhwc' ? 'nchw' : 'nhwc';
  return !fits(usual) && fits(other) ? other : usual;
}

/** Reads the batch axis. Gray images may come without their channel axis. */
function matchShape(
  arrayShape: readonly number[],
  accepted: readonly (readonly number[])[],
  { layout, where }: Pick<InputOptions, 'layout' | 'where'>,
): { count: number; shape: readonly number[] } {
  const [count = 0, ...rest] = arrayShape;
  for (const shape of accepted) {
    const variants = [
      laidOut(shape, layout),
      ...(shape.length === 3 && shape[2] === 1 ? [shape.slice(0, 2)] : []),
    ];
    if (arrayShape.length > 0 && variants.some((variant) => sameShape(rest, variant))) {
      if (count === 0) throw new UserError(`${where}: holds no examples; expected at least one.`);
      return { count, shape };
    }
  }
  const show = (shape: readonly number[]): string => `(N, ${shape.join(', ')})`;
  const expected = accepted.map((shape) => show(laidOut(shape, layout))).join(' or ');
  const other: Layout = layout === 'nhwc' ? 'nchw' : 'nhwc';
  const fitsOther = accepted.some((shape) => shape.length === 3 && sameShape(rest, laidOut(shape, other)));
  const advice = fitsOther
    ? ` Use --layout ${other}.`
    : accepted.some((shape) => sameShape(arrayShape, shape))
      ? ' Give a single example a first axis of length 1.'
      : '';
  throw new UserError(
    `${where}: has shape (${arrayShape.join(', ')}); the model takes ${expected}.${advice}`,
  );
}

function checkFinite(values: Float32Array, shape: readonly number[], where: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const index: number[] = [];
  for (let rest = at, axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  throw new UserError(
    `${where}: the value at [${index.join(', ')}] is ${values[at]}; expected finite numbers.`,
  );
}

/**
 * Integers are levels. Other numbers may be any that have a logit: samples of a flow lie slightly off the levels, and
 * their likelihood is computed like the likelihood of data.
 */
function checkPixels(
  values: Float32Array,
  { levels, dataRange, dataConstraint }: ImageModelConfig,
  integers: boolean,
  where: string,
): void {
  if (integers) {
    const wrong = values.find((value) => value < 0 || value > levels - 1);
    if (wrong === undefined) return;
    throw new UserError(
      `${where}: holds the pixel value ${wrong}; the model's pixels are the integers 0 to ${levels - 1}.`,
    );
  }
  if (!hasLogit(dataConstraint)) return;
  const low = lowestShare(dataConstraint, dataRange);
  const [least, most] = [(-low * levels) / dataRange, ((1 - low) * levels) / dataRange];
  // As printed in the paper, what reaches the last level is taken for half a step before it.
  const wrong = values.find((v) => v <= least || (v >= most && v !== levels));
  if (wrong === undefined) return;
  throw new UserError(
    `${where}: holds the pixel value ${wrong}; the model's pixels are 0 to ${levels}, and those of its samples lie between ` +
      `${rounded(least)} and ${rounded(most)}. For logits, the input of the flow itself, use --space flow.`,
  );
}

const rounded = (value: number): number => Number(value.toPrecision(4));
