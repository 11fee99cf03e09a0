import path from 'node:path';
import type { RunRequest } from '../../config/build';
import { prepareRun, requestFor } from '../../data/open/prepare';
import { previewData } from '../../data/open/preview';
import { writeArrays } from '../../data/write-arrays';
import { builtinNames } from '../../data/open/open';
import { writeAtomically, writeError, makeFolder } from '../../files/atomic';
import type {
  ClassCount,
  DataPreview,
  FeaturePreview,
  NumberSummary,
  OverviewColumn,
  TableOverview,
  ValueFinding,
} from '../../protocol/data';
import { firstMissing, firstUses, tableChoice } from '../../protocol/table-choice';
import { UserError } from '../../base/user-error';
import { type Outcome, defineCommand, textOption } from '../command';
import { count, counted, fixed, pairs, shownPath, table } from '../format';
import { columnName } from '../lists';
import { checkOutput } from '../output-file';
import { readingOptions, readingRequest } from '../reading-options';
import { contextOf, contextOptions, overviewOf } from '../train-options';

const mostClasses = 10;

export const dataCommand = defineCommand({
  name: 'data',
  summary: 'Describe data before training: count, shape, range, a contact sheet',
  argument: {
    name: 'SOURCE',
    help: `A built-in name (${builtinNames.join(', ')}), a file or folder of data, or a run config (.json) that names the data.`,
  },
  about:
    'Opens data as training would and describes them: how many examples are for training and how many are held out, their shape and range, statistics of the columns, and problems to know about before training. Only a part of large data is read. A table that training would refuse is described as well, with all columns that it would refuse and the options with which a training takes it.\n\n' +
    'Supported are tables (.csv, .tsv, .parquet, and draws in a netCDF file of ArviZ, .nc), NumPy arrays (.npy, .npz), IDX files such as MNIST, CIFAR-10 and CIFAR-100 (the binary version), and folders or zip files of PNG, JPEG and WebP images.',
  options: {
    ...contextOptions,
    ...readingOptions,
    sheet: textOption('FILE.png', 'Writes a contact sheet of the first training images.'),
    write: textOption(
      'FOLDER',
      'Writes the examples as NumPy arrays, as a training with PyTorch reads them: train.npy, validation.npy, and what they are given in train.context.npy and validation.context.npy.',
    ),
  },
  examples: {
    'The columns of a table, and what each would need:': 'flowscope data table.csv',
    'With a column of classes, and without the rows that have gaps:':
      'flowscope data table.csv --label-column kind --missing drop',
    'Images in a zip file, and a sheet of the first ones:': 'flowscope data photos.zip --sheet photos.png',
    'As arrays that other programs read a part of:': 'flowscope data table.csv --write arrays',
    'Data with the crop and size of a config, as JSON:':
      'flowscope data celeba.flow.json --json | jq .warnings',
  },
  async run(session, source, options): Promise<Outcome> {
    if (options.sheet !== undefined) await checkOutput(options.sheet, ['.png'], '--sheet');
    const reading = readingRequest(options);
    const context = await contextOf(options, source);
    const choice = { ...(reading ? { reading } : {}), ...(context ? { context } : {}) };
    const preview = await previewData(source, process.cwd(), { signal: session.signal, ...choice });
    const overview = preview.kind === 'vector' ? await overviewOf(source) : undefined;
    const arrays = options.write === undefined ? undefined : path.resolve(options.write);
    if (arrays !== undefined) await writeData(source, choice, { folder: arrays, signal: session.signal });
    const { sheet, ...json } = preview;
    if (options.sheet !== undefined) {
      if (!sheet) throw new UserError(`--sheet: ${source} holds rows of numbers; only images have a sheet.`);
      await writeAtomically(path.resolve(options.sheet), sheet.png);
    }
    const advised = overview && !reading && !context ? advisedOptions(overview) : undefined;
    const { cells: _, ...columns } = overview ?? { cells: [] };
    return {
      json: {
        ...json,
        ...(overview ? { table: { ...columns, ...(advised === undefined ? {} : { advised }) } } : {}),
        ...(sheet &&
          options.sheet !== undefined && {
            sheet: { file: path.resolve(options.sheet), columns: sheet.columns, examples: sheet.examples },
          }),
        ...(arrays === undefined ? {} : { arrays }),
      },
      text: asText(
        { preview, overview, label: options['label-column'], weight: options['weight-column'] },
        { Sheet: options.sheet, Arrays: arrays },
      ).concat(
        advised
          ? `\nA training that takes this table\n  flowscope train --data ${quoted(source)} ${advised} --output RUN\n`
          : '',
      ),
    };
  },
});

/** The options with which a training takes a table that it would refuse as it is; undefined for one that it takes. */
function advisedOptions(overview: TableOverview): string | undefined {
  const { columns } = overview;
  const uses = firstUses(columns);
  if (!uses.includes('use')) return undefined;
  const { context, reading = {} } = tableChoice(overview, uses, firstMissing(overview, uses));
  const list = (keys: readonly (string | number)[]): string => quoted(keys.map(optionOf).join(','));
  const options = [
    ...(reading.columns ? [`--columns ${list(reading.columns)}`] : []),
    ...(reading.exclude ? [`--exclude ${list(reading.exclude)}`] : []),
    ...(context?.labelColumn === undefined ? [] : [`--label-column ${list([context.labelColumn])}`]),
    ...(reading.missing ? [`--missing ${reading.missing}`] : []),
  ];
  return options.length > 0 ? options.join(' ') : undefined;

  /** Its number, where a list of names would not be read as it is written. */
  function optionOf(key: string | number): string {
    const isPlain = typeof key === 'string' && !/^\d+$|,|^\s|\s$|["\\$`!]/.test(key);
    return isPlain
      ? key
      : String(typeof key === 'number' ? key : columns.findIndex((column) => column.key === key));
  }
}

const quoted = (text: string): string => (/^[\w./\\:,=-]+$/.test(text) ? text : `"${text}"`);

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

interface Described {
  preview: DataPreview;
  overview: TableOverview | undefined;
  label: string | undefined;
  weight: string | undefined;
}

/** @param written what was written where */
function asText(described: Described, written: Readonly<Record<string, string | undefined>>): string {
  const { name, kind, note, train, validation, shape, levels, range, looked, features, classes, warnings } =
    described.preview;
  const rows = pairs([
    ['Data', name],
    ['', note],
    ['Examples', `${count(train)} for training, ${count(validation)} held out`],
    [
      'Each',
      kind === 'image'
        ? `an image of ${shape.join('×')}, pixels 0 to ${(levels ?? 256) - 1}`
        : counted(shape[0] ?? 0, 'number'),
    ],
    ['Classes', classes && classList(classes)],
    [
      'Range',
      Number.isFinite(range[0])
        ? `${number(range[0])} to ${number(range[1])}, of ${counted(looked, 'example')}`
        : undefined,
    ],
    ...Object.entries(written).map(([what, file]) => [what, file && shownPath(path.resolve(file))] as const),
  ]);
  return [
    rows,
    ...(features ? [columnTable(described, features)] : []),
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

/** The columns of a table, whatever a training does with them; for other data, the columns of its rows. */
function columnTable(
  { preview, overview, label, weight }: Described,
  features: readonly FeaturePreview[],
): string {
  const modeled = features.filter(({ condition }) => !condition).length;
  const left = (preview.shape[0] ?? 0) - modeled;
  const known = new Map(
    features.flatMap((feature) => (feature.column === undefined ? [] : [[feature.column, feature]])),
  );
  const refused = new Map(preview.refused?.map((one) => [one.column, one]));
  const last = Math.max(...known.keys());
  const others = (overview?.columns ?? []).flatMap((column, at) =>
    // Where there are more features than are shown, their columns are not known.
    known.has(at) || (left > 0 && at > last) ? [] : [{ column, at }],
  );
  const lines = [
    ...features.map((feature, d) => ({
      at: feature.column ?? Infinity,
      cells: [
        feature.name,
        feature.condition ? 'given' : 'modeled',
        kindOf(overview?.columns[feature.column ?? -1], feature),
        ...statistics(feature),
      ],
      gaps: feature.gaps ?? 0,
      d,
    })),
    ...others.map(({ column, at }) => ({
      at,
      cells: [
        column.name,
        roleOf(column, at),
        refusedText(at) ?? kindOf(column, column.numbers),
        ...statistics(column.numbers),
      ],
      gaps: column.gaps,
      d: 0,
    })),
  ].sort((a, b) => (a.at === b.at ? a.d - b.d : a.at - b.at));
  const withGaps = lines.some(({ gaps }) => gaps > 0);
  const titles = ['column', 'training', 'is', 'min', 'median', 'max', 'mean', 'deviation'];
  const rows = lines.map(({ cells, gaps }) => (withGaps ? [...cells, count(gaps)] : cells));
  const more = left > 0 ? `\n… and ${count(left)} more columns` : '';
  return table([withGaps ? [...titles, 'gaps'] : titles, ...rows], [3, 4, 5, 6, 7, 8]) + more;

  /** A column of numbers with a few other cells is not a column of text. */
  function refusedText(at: number): string | undefined {
    const { rows = Infinity } = refused.get(at) ?? {};
    return 2 * rows < preview.train + preview.validation
      ? `number, except in ${counted(rows, 'row')}`
      : undefined;
  }

  /** What becomes of a column that is neither modeled nor given. */
  function roleOf({ key }: OverviewColumn, at: number): string {
    if (refused.has(at)) return 'refused';
    const is = (option: string | undefined): boolean =>
      option !== undefined && [key, at].includes(columnName(option));
    if (is(label)) return 'class';
    return is(weight) ? 'weight' : 'left out';
  }
}

function statistics(numbers: NumberSummary | undefined): string[] {
  if (!numbers) return ['', '', '', '', ''];
  const { min, quartiles, max, mean, std } = numbers;
  return [min, quartiles?.[1], max, mean, std].map((value) => (value === undefined ? '' : number(value)));
}

/** "3 classes: Adelie, Chinstrap, Gentoo", "number, heavy tail" */
function kindOf(column: OverviewColumn | undefined, numbers: NumberSummary | undefined): string {
  if (column?.type === 'date') return 'date';
  if (column?.type === 'text') {
    const { distinct, seen } = column;
    if (!seen) return `text, ${counted(distinct, 'value')}`;
    const names = seen.slice(0, 3).join(', ');
    return `${count(distinct)} ${distinct === 1 ? 'class' : 'classes'}: ${names.length > 30 ? `${names.slice(0, 30)}…` : names}${seen.length > 3 ? ', …' : ''}`;
  }
  if (column?.distinct === 0) return 'no values';
  const { findings = [], wholeNumbers } = numbers ?? {};
  const shared = findings.some(({ kind }) => kind === 'few values') ? undefined : wholeNumbers;
  return [
    'number',
    ...(shared === undefined ? [] : [`whole, ${shared} values`]),
    ...findings.map(findingText),
  ].join(', ');
}

function findingText(finding: ValueFinding): string {
  switch (finding.kind) {
    case 'row number':
      return 'numbers the rows';
    case 'few values':
      return `whole, ${finding.distinct} values`;
    case 'heavy tail':
      return finding.side === 'both' ? 'heavy tails' : `heavy tail ${finding.side}`;
    case 'limits':
      return `ends at ${[finding.low, finding.high].flatMap((limit) => (limit ? [number(limit.value)] : [])).join(' and ')}`;
  }
}

function number(value: number): string {
  const magnitude = Math.abs(value);
  return Number.isInteger(value) && magnitude < 1e6
    ? String(value)
    : magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-3)
      ? value.toExponential(3)
      : fixed(value);
}
