import path from 'node:path';
import type { RunRequest } from '../../config/build';
import { prepareRun, requestFor } from '../../data/prepare';
import { previewData } from '../../data/preview';
import { writeArrays } from '../../data/write-arrays';
import { builtinNames } from '../../data/open';
import { writeAtomically, writeError } from '../../files/atomic';
import { makeFolder } from '../../files/make-folder';
import type { ClassCount, DataPreview, FeaturePreview } from '../../protocol/data';
import { UserError } from '../../base/user-error';
import { defineCommand, type Outcome } from '../command';
import { count, counted, fixed, pairs, shownPath, table } from '../format';
import { columnName } from '../lists';
import { checkOutput } from '../output-file';
import { readingOptions, readingRequest } from '../reading-options';

const mostClasses = 10;

export const dataCommand = defineCommand({
  name: 'data',
  summary: 'Describe data before training: count, shape, range, a contact sheet',
  argument: {
    name: 'SOURCE',
    help: `A built-in name (${builtinNames.join(', ')}), a file or folder of data, or a run config (.json) that names the data.`,
  },
  about:
    'Opens data as training would and describes them: how many examples are for training and how many are held out, their shape and range, statistics of the columns, and problems to know about before training. Only a part of large data is read.\n\n' +
    'Supported are tables (.csv, .tsv, .parquet), NumPy arrays (.npy, .npz), IDX files such as MNIST, CIFAR-10 and CIFAR-100 (the binary version), and folders or zip files of PNG, JPEG and WebP images.',
  options: {
    ...readingOptions,
    sheet: {
      type: 'text',
      value: 'FILE.png',
      help: 'Writes a contact sheet of the first training images.',
    },
    write: {
      type: 'text',
      value: 'FOLDER',
      help: 'Writes the examples as NumPy arrays, as a training with PyTorch reads them: train.npy, validation.npy, and what they are given in train.context.npy and validation.context.npy.',
    },
  },
  examples: [
    { command: 'flowscope data table.csv', says: 'The columns of a table:' },
    {
      command: 'flowscope data table.csv --label-column kind --missing drop',
      says: 'With a column of classes, and without the rows that have gaps:',
    },
    {
      command: 'flowscope data photos.zip --sheet photos.png',
      says: 'Images in a zip file, and a sheet of the first ones:',
    },
    {
      command: 'flowscope data table.csv --write arrays',
      says: 'As arrays that other programs read a part of:',
    },
    {
      command: 'flowscope data celeba.flow.json --json | jq .warnings',
      says: 'Data with the crop and size of a config, as JSON:',
    },
  ],
  async run(session, source, options): Promise<Outcome> {
    if (options.sheet !== undefined) await checkOutput(options.sheet, ['.png'], '--sheet');
    const reading = readingRequest(options);
    const label = options['label-column'];
    const choice = {
      ...(reading ? { reading } : {}),
      ...(label === undefined ? {} : { context: { labelColumn: columnName(label) } }),
    };
    const preview = await previewData(source, process.cwd(), { signal: session.signal, ...choice });
    const arrays = options.write === undefined ? undefined : path.resolve(options.write);
    if (arrays !== undefined) await writeData(source, choice, { folder: arrays, signal: session.signal });
    const { sheet, ...json } = preview;
    if (options.sheet !== undefined) {
      if (!sheet) throw new UserError(`--sheet: ${source} holds rows of numbers; only images have a sheet.`);
      await writeAtomically(path.resolve(options.sheet), sheet.png);
    }
    return {
      json: {
        ...json,
        ...(sheet && options.sheet !== undefined
          ? { sheet: { file: path.resolve(options.sheet), columns: sheet.columns, examples: sheet.examples } }
          : {}),
        ...(arrays === undefined ? {} : { arrays }),
      },
      text: asText(preview, { Sheet: options.sheet, Arrays: arrays }),
    };
  },
});

async function writeData(
  source: string,
  choice: Pick<RunRequest, 'reading' | 'context'>,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<void> {
  const { request, base } = await requestFor(source, process.cwd());
  const { dataset } = await prepareRun({ ...request, ...choice }, base);
  try {
    await makeFolder(folder);
    await writeArrays(folder, dataset, signal);
  } catch (error) {
    throw writeError(folder, error);
  } finally {
    await dataset.close();
  }
}

/** @param written what was written where */
function asText(preview: DataPreview, written: Readonly<Record<string, string | undefined>>): string {
  const { name, kind, note, train, validation, shape, levels, range, looked, features, classes, warnings } =
    preview;
  const rows: [string, string][] = [
    ['Data', name],
    ['', note],
    ['Examples', `${count(train)} for training, ${count(validation)} held out`],
    [
      'Each',
      kind === 'image'
        ? `an image of ${shape.join('×')}, pixels 0 to ${(levels ?? 256) - 1}`
        : counted(shape[0] ?? 0, 'number'),
    ],
    ...(classes ? [['Classes', classList(classes)] as [string, string]] : []),
    ['Range', `${number(range[0])} to ${number(range[1])}, of ${counted(looked, 'example')}`],
    ...Object.entries(written).flatMap(([what, file]) =>
      file === undefined ? [] : [[what, shownPath(path.resolve(file))] as [string, string]],
    ),
  ];
  return [
    pairs(rows),
    ...(features ? [featureTable(features, shape[0] ?? 0)] : []),
    ...(warnings.length > 0 ? [`Notes\n${warnings.map((line) => `  ${line}`).join('\n')}`] : []),
  ]
    .join('\n\n')
    .concat('\n');
}

/** "Adelie: 152, Chinstrap: 68", of the examples that were looked at. */
function classList(classes: readonly ClassCount[]): string {
  const shown = classes
    .slice(0, mostClasses)
    .map(({ name, examples }) => `${name || '(empty)'}: ${count(examples)}`);
  const more = classes.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${count(more)} more` : '');
}

function featureTable(features: readonly FeaturePreview[], all: number): string {
  const withGaps = features.some(({ gaps }) => gaps !== undefined && gaps > 0);
  const rows = features.map(({ name, min, max, mean, std, condition, gaps = 0 }) => [
    condition ? `${name} (condition)` : name,
    number(min),
    number(max),
    number(mean),
    number(std),
    ...(withGaps ? [count(gaps)] : []),
  ]);
  const left = all - features.filter(({ condition }) => !condition).length;
  const more = left > 0 ? `\n… and ${count(left)} more columns` : '';
  const titles = ['column', 'min', 'max', 'mean', 'deviation', ...(withGaps ? ['gaps'] : [])];
  return table([titles, ...rows], [1, 2, 3, 4, 5]) + more;
}

function number(value: number): string {
  const magnitude = Math.abs(value);
  return Number.isInteger(value) && magnitude < 1e6
    ? String(value)
    : magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-3)
      ? value.toExponential(3)
      : fixed(value);
}
