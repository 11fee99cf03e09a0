/** Turns the bytes of a file that the user hands over into an example of the model. */
import type { ImageModelConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import { hasDecimalComma, withPoint } from '../../data/decimal-comma';
import { decodePicture, isColor } from '../../data/images/decode';
import { fitPicture, quantizeSamples } from '../../data/images/fit';
import { parseNpy, toFloat32 } from '../../data/npy';
import { largestExampleFile, type ExampleInFile, type ExampleFile } from '../../protocol/example-file';
import { sourceOf } from '../model/examples';
import type { InspectedFlow } from '../model/inspected-flow';
import { breathe } from '../model/breathe';
import type { Inquiry } from './inquiry';

/**
 * @param names of the features of a vector model, by which the columns of a table are found
 * @throws UserError for what is neither a picture nor numbers that fit the model
 */
export async function exampleFromFile(
  { model, signal }: Inquiry,
  { name, bytes }: ExampleFile,
  names: readonly string[] | undefined,
): Promise<ExampleInFile> {
  if (!(bytes instanceof Uint8Array) || bytes.length === 0)
    throw new UserError(`${name}: is empty; expected ${expectedFormats(model)}.`);
  if (bytes.length > largestExampleFile) {
    throw new UserError(
      `${name}: has ${Math.ceil(bytes.length / 2 ** 20)} MB; expected at most ${largestExampleFile / 2 ** 20} MB.`,
    );
  }
  await breathe(signal);
  const { config } = model;
  const example = isNpy(bytes)
    ? fromArray(model, bytes, name)
    : config.kind === 'image'
      ? await fromPicture(config, bytes, name)
      : fromText(model, bytes, name, names);
  await breathe(signal);
  // The same checks as for numbers that are typed.
  await sourceOf(model, { kind: 'values', values: [...example.values] }).catch((error: unknown) => {
    throw error instanceof UserError ? new UserError(`${name}: ${error.message}`) : error;
  });
  return example;
}

const isNpy = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(6, bytes.length)).toString('latin1') === '\x93NUMPY';

function expectedFormats({ config, dimensions }: InspectedFlow): string {
  return config.kind === 'image'
    ? 'a picture (PNG, JPEG, WebP, BMP, GIF) or an .npy array'
    : `one row of ${dimensions} numbers (.csv, .tsv, .npy)`;
}

async function fromPicture(
  config: ImageModelConfig,
  bytes: Uint8Array,
  name: string,
): Promise<ExampleInFile> {
  const { height, width, channels, levels } = config;
  if (channels !== 1 && channels !== 3) {
    throw new UserError(
      `${name}: the model's images have ${channels} channels; a picture has 1 or 3. Give an .npy array.`,
    );
  }
  const picture = await decodePicture(bytes, name, channels);
  const fitted = await fitPicture(picture, height, width);
  return {
    values: quantizeSamples(fitted.data, levels),
    source: {
      kind: 'picture',
      width: picture.width,
      height: picture.height,
      color: await isColor(bytes, name),
      resized: fitted !== picture,
    },
  };
}

function fromArray(model: InspectedFlow, bytes: Uint8Array, name: string): ExampleInFile {
  const { shape, data } = toFloat32(parseNpy(bytes, name));
  const { config, dimensions } = model;
  const expected = config.kind === 'image' ? config.height * config.width * config.channels : dimensions;
  if (data.length !== expected) {
    const one =
      config.kind === 'image' ? `${config.height}×${config.width}×${config.channels}` : `${expected}`;
    throw new UserError(
      `${name}: holds an array of ${shape.join('×')}; expected one example of ${one}. ` +
        'Open it as a file of your own in Examples to look at all of its rows.',
    );
  }
  return { values: data, source: { kind: 'numbers', count: expected } };
}

/** A row of numbers, with or without a line of names before it; or a column. */
function fromText(
  { dimensions }: InspectedFlow,
  bytes: Uint8Array,
  name: string,
  names: readonly string[] | undefined,
): ExampleInFile {
  const text = new TextDecoder().decode(bytes);
  if (text.includes('\0'))
    throw new UserError(`${name}: is no text; expected one row of ${dimensions} numbers.`);
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(0, dimensions + 2);
  // As in tables: what else separates columns leaves the comma to the numbers.
  const takesCommas = lines.some((line) => /[;\t]/.test(line.trim()));
  const cells = lines.map((line) =>
    line
      .trim()
      // First, so that what separates cells is found in one way only.
      .replace(/\s+/g, (space) => (space.includes('\t') ? '\t' : ' '))
      .split(takesCommas ? /\s?[;\t]\s?/ : /\s?,\s?|\s/)
      .map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
      .map((cell) => (takesCommas && hasDecimalComma(cell) ? withPoint(cell) : cell)),
  );
  const isNumber = (cell: string): boolean => cell !== '' && Number.isFinite(Number(cell));
  const head = cells[0]?.every((cell) => !isNumber(cell)) ? cells.shift() : undefined;
  const column = cells.length === dimensions && cells.every(({ length }) => length === 1);
  if (cells.length !== 1 && !column) {
    throw new UserError(
      cells.length === 0
        ? `${name}: has no row of numbers; expected ${dimensions}.`
        : `${name}: has several rows; expected one of ${dimensions} numbers. ` +
            'Open it as a file of your own in Examples to look at all of them.',
    );
  }
  const row = column ? cells.map(([cell]) => cell!) : cells[0]!;
  const places = names?.map((feature) => head?.indexOf(feature) ?? -1);
  const chosen = places?.every((place) => place >= 0) ? places.map((place) => row[place] ?? '') : row;
  const wrong = chosen.find((cell) => !isNumber(cell));
  if (wrong !== undefined) throw new UserError(`${name}: holds "${wrong}" where a number is expected.`);
  if (chosen.length !== dimensions)
    throw new UserError(`${name}: has ${chosen.length} numbers; the model takes ${dimensions}.`);
  return { values: Float32Array.from(chosen, Number), source: { kind: 'numbers', count: dimensions } };
}
