/** The context that a command is given: numbers for all examples, or an array with a row for each. */
import { shortened, UserError } from '../../base/user-error';
import { toFloat32 } from '../../data/npy';
import type { ContextInfo } from '../../protocol/model';
import { contextWords } from '../model/context';
import { laidOut, toChannelsLast, type Layout, type FlowRunner } from '../model/runner';
import { readArray } from './read-array';

const mostNamed = 10;

/** As in an .npz. */
const arrayName = 'context';

/**
 * @param option its text: "a=0.5,b=2", "0.5,2", or the name of an .npy or .npz file
 * @param count of the examples; a file has one row, or one for each @param layout of images; without, the one that the file fits
 * @throws UserError for a flow that takes none, for one that takes one where none is given, and for another number of values
 */
export async function readContext(
  { context: info, asLibrary }: Pick<FlowRunner, 'context' | 'asLibrary'>,
  option: string | undefined,
  count: number,
  layout?: Layout,
): Promise<Float32Array | undefined> {
  if (!info) {
    if (option === undefined) return undefined;
    throw new UserError(`--condition ${option}: this flow takes no condition; leave it out.`);
  }
  if (option === undefined) {
    if (info.shape) {
      throw new UserError(
        `The flow takes ${contextWords(info)} as condition; give --condition C.npy, an image for each example or one for all.`,
      );
    }
    throw new UserError(
      `The flow takes ${contextWords(info)} as its condition; give ` +
        `--condition, for example ${example(info)}, or an .npy file with a row for each example.`,
    );
  }
  const isFile = /\.np[yz]$/i.test(option);
  if (info.shape) {
    if (isFile) return imagesFrom(option, info.shape, count, layout, asLibrary ? 'nchw' : 'nhwc');
    throw new UserError(`--condition ${option}: expected an .npy file, since the condition is an image.`);
  }
  return isFile ? fromFile(option, info, count) : fromText(option, info);
}

/** @param usual where the array fits both layouts */
async function imagesFrom(
  file: string,
  shape: readonly number[],
  count: number,
  layout: Layout | undefined,
  usual: Layout,
): Promise<Float32Array> {
  const { array, where } = await readArray(file, undefined, arrayName);
  const { data, shape: found } = toFloat32(array);
  const event = found.slice(-3);
  const rows = found.length === 3 ? 1 : found[0]!;
  const fits = [layout ?? usual, ...(layout ? [] : (['nchw', 'nhwc'] as const))].find(
    (one) => laidOut(shape, one).join() === event.join(),
  );
  if (!fits || found.length > 4 || (rows !== 1 && rows !== count)) {
    const expected = (one: Layout): string => `(${[count, ...laidOut(shape, one)].join(', ')})`;
    throw new UserError(
      `--condition ${where}: has shape (${found.join(', ')}); expected ${expected(layout ?? usual)}` +
        (layout ? '' : ` or ${expected(usual === 'nchw' ? 'nhwc' : 'nchw')}`) +
        ', or one image for all examples.',
    );
  }
  checkFinite(data, where);
  return toChannelsLast(data, shape, fits);
}

function checkFinite(data: Float32Array, where: string): void {
  const wrong = data.find((value) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw new UserError(`--condition ${where}: holds ${wrong}; expected finite numbers.`);
}

function example({ names, mean, classes }: ContextInfo): string {
  const numbers = names
    .slice(0, classes?.start)
    .map((name, i) => `${name}=${Number(mean[i]!.toPrecision(3))}`);
  return [
    ...numbers,
    ...(classes ? [`${classes.name === undefined ? '' : `${classes.name}=`}${names[classes.start]}`] : []),
  ]
    .map((part) => shortened(part))
    .join(',');
}

async function fromFile(file: string, info: ContextInfo, count: number): Promise<Float32Array> {
  const size = info.names.length;
  const { array, where } = await readArray(file, undefined, arrayName);
  const { data, shape } = toFloat32(array);
  const short = sizeByNumber(info);
  if (
    short !== undefined &&
    (shape.join() === `${count},${short}` || (short === 1 && shape.join() === `${count}`))
  )
    return withClasses(data, info, where);
  const rows = shape.length === 1 ? 1 : shape[0]!;
  if (data.length !== rows * size || shape.length > 2 || (rows !== 1 && rows !== count)) {
    throw new UserError(
      `--condition ${where}: has shape (${shape.join(', ')}); expected (${count}, ${size}), or (${size}) for all examples` +
        (short === undefined ? '.' : `, or (${count}, ${short}) with the number of the class last.`),
    );
  }
  checkFinite(data, where);
  return data;
}

/** ", where City is one of Bonn, Oslo, Rome". */
function classesOf({ names, classes }: ContextInfo): string {
  if (!classes) return '';
  const all = names.slice(classes.start, classes.start + classes.count);
  const first = all.slice(0, mostNamed).map((name) => shortened(name));
  const shown = first.join(', ') + (all.length > mostNamed ? ', …' : '');
  return `, where ${shortened(classes.name ?? 'the class')} is one of ${shown}`;
}

/** Length of a row that ends in the number of its class, instead of a number for each class. */
function sizeByNumber({ names, classes }: ContextInfo): number | undefined {
  // Other numbers come before the classes.
  return classes && classes.start + classes.count === names.length ? classes.start + 1 : undefined;
}

/** @param values of several examples, each with the number of its class last @throws UserError for an unknown class */
function withClasses(values: ArrayLike<number>, info: ContextInfo, where: string): Float32Array {
  const { start, count } = info.classes!;
  const short = start + 1;
  const rows = values.length / short;
  const out = new Float32Array(rows * info.names.length);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < start; i++) out[row * info.names.length + i] = values[row * short + i]!;
    const chosen = values[row * short + start]!;
    if (!(Number.isInteger(chosen) && chosen >= 0 && chosen < count)) {
      throw new UserError(
        `--condition ${where}: has the class ${chosen}; expected a whole number from 0 to ${count - 1}.`,
      );
    }
    out[row * info.names.length + start + chosen] = 1;
  }
  checkFinite(out, where);
  return out;
}

function fromText(text: string, info: ContextInfo): Float32Array {
  const { names, classes } = info;
  const parts = text.split(',').map((part) => part.trim());
  const named = parts.map((part) => /^(.*)=([^=]*)$/.exec(part));
  const refuse = (): UserError =>
    new UserError(
      `--condition ${text}: expected ${contextWords(info)}, for example ${example(info)}${classesOf(info)}; or an .npy file.`,
    );
  const areNamed = named.every((match) => match);
  const textOf = (name: string | undefined, i: number): string | undefined =>
    areNamed ? named.find((match) => match![1]!.trim() === name)?.[2]?.trim() : parts[i];
  if (classes && parts.length === sizeByNumber(info)) {
    const short = [...names.slice(0, classes.start), classes.name];
    const numbers = short.map(textOf).map((value, i) => {
      const number = value ? Number(value) : NaN;
      if (i < classes.start || !Number.isNaN(number) || !value) return number;
      const place = names.indexOf(value, classes.start);
      return place < 0 ? NaN : place - classes.start;
    });
    if (numbers.every(Number.isFinite)) return withClasses(numbers, info, text);
  }
  if (parts.length !== names.length) throw refuse();
  const values = names.map(textOf);
  if (values.some((value) => value === undefined || value === '' || !Number.isFinite(Number(value))))
    throw refuse();
  return Float32Array.from(values, Number);
}
