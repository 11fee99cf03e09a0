/** The options that say what is trained, on what, and where the run is: of `train` and `submit`. */
import path from 'node:path';
import { isRunFolder } from '../checkpoint/run-folder';
import { refuseTrained } from '../checkpoint/run-lock';
import { requestedData } from '../config/build';
import { conventionSets } from '../config/conventions';
import { presets } from '../config/presets';
import { targetNames } from '../config/targets';
import { defined } from '../base/defined';
import { exists } from '../base/exists';
import { UserError } from '../base/user-error';
import { builtinNames } from '../data/open/open';
import { requestFor } from '../data/open/prepare';
import { tableOverview } from '../data/open/table-overview';
import type { TableOverview } from '../protocol/data';
import { type TrainRequest, precisions, type TorchOptions } from '../protocol/engine';
import { isContextClass } from '../protocol/table-choice';
import {
  type OptionSpecs,
  type OptionValues,
  choiceOption,
  flagOption,
  integerOption,
  numberOption,
  textOption,
} from './command';
import { columnList, columnName } from './lists';
import { readingOptions, readingRequest } from './reading-options';

/** What a flow is given. */
export const contextOptions = {
  condition: textOption(
    'A,B|FILE',
    'Train a conditional flow: columns of the table that it is given, by name or number, or other data with a row for each example (.npy, .csv). A column of classes, also of whole numbers, is given as one number per class; NAME=number and NAME=class say otherwise.',
  ),
  'condition-labels': flagOption('Train a conditional flow that is given the class of each example.'),
} as const satisfies OptionSpecs;

export const trainOptions = {
  data: textOption(
    'NAME|PATH',
    `Built-in: ${builtinNames.join(', ')}. Or anything that flowscope data reads: a table, NumPy arrays, IDX or CIFAR files, a folder or zip file of images.`,
  ),
  output: textOption('RUN', 'Folder of the run. It must be new or empty, except with --resume.', {
    required: true,
  }),
  ...contextOptions,
  ...readingOptions,
  preset: textOption(
    'NAME',
    `A starting point for model and training: ${presets.map(({ name }) => name).join(', ')}. ` +
      `Or another flow or the conventions of a published implementation, on top of the preset for the data: ${conventionSets.map(({ name }) => name).join(', ')}.`,
  ),
  target: textOption(
    'NAME|FILE.js:NAME|FILE.py:NAME',
    `Train on a density in place of data, by draws of the flow (reverse KL): ${targetNames.join(', ')}. Or a function of a JavaScript file, exports.logProb = (x, tf) => …, in operations of TensorFlow.js; or with --launcher, of torch tensors. With --data, on both. A function is named again with --resume or --config.`,
  ),
  features: integerOption('N', 'With --target FILE and no data: how many numbers the function takes.', {
    min: 1,
  }),
  from: textOption(
    'FILE',
    'Start from the model and weights of this checkpoint, from Flowscope or another library. Without --data, its own data are used if it names them.',
  ),
  config: textOption(
    'FILE',
    'JSON config. Missing settings come from --preset, or else from the defaults; sizes come from the data.',
  ),
  'max-seconds': numberOption('S', 'Stop after this many seconds of training.', { above: 0 }),
  'max-steps': integerOption('N', 'Stop after this many steps.', { min: 1 }),
  seed: integerOption('S', 'Seed of initial weights, order, noise and flips.', { min: 0 }),
  resume: flagOption('Resume the run in --output.'),
  'more-steps': integerOption(
    'N',
    'With --resume: end N steps after the one that the run has reached, also if it is finished. The schedule of the learning rate is spread over all steps, so the rate may rise again.',
    { min: 1 },
  ),
  compile: flagOption(
    'With PyTorch: compile the training step by torch.compile, which takes a minute or more before the first step.',
  ),
  precision: choiceOption(
    precisions,
    'With PyTorch: of products and convolutions in the networks, float32 (default) or bfloat16. Log-dets and validation stay float32.',
  ),
  'take-over': flagOption(
    'With --resume: take over a run of another machine that has given no sign of life for two minutes.',
  ),
} as const satisfies OptionSpecs;

/**
 * What is asked for, where the folder may be used for it.
 * @throws UserError for options that do not go together, a run that is there already, or one that is being trained
 */
export async function trainRequest(options: OptionValues<typeof trainOptions>): Promise<TrainRequest> {
  const { data, output, preset, config, from, resume, seed, target, features } = options;
  const isGiven = (value: unknown): boolean => value !== undefined;
  if (!resume && ![data, config, preset, from, target].some(isGiven)) {
    throw new UserError(
      `A training needs --data NAME or PATH (built in: ${builtinNames.join(', ')}), --target NAME, --preset, --config FILE, or --from FILE.`,
    );
  }
  const context = await contextOf(options, data ?? config);
  const reading = readingRequest(options);
  if (resume && [data, context, reading, preset, config, from, seed].some(isGiven)) {
    throw new UserError(
      '--resume uses the data, preset, config, weights and seed of the run. Leave these options out, or choose another --output for a new run.',
    );
  }
  const { takeOver, moreSteps } = goingOn(options);
  await refuseUsed(output, resume, takeOver);
  return {
    output: path.resolve(output),
    ...defined({ data, context, reading, preset, config, seed, features, namedTarget: target }),
    ...(from === undefined ? {} : { from: path.resolve(from) }),
    ...(resume ? { resume, takeOver, ...defined({ moreSteps }) } : {}),
    ...defined({ maxSteps: options['max-steps'], maxSeconds: options['max-seconds'] }),
    ...(target && !resume
      ? { training: { target, objective: data === undefined ? 'reverseKl' : 'mixed' } }
      : {}),
    ...torchOptions(options),
  };
}

function torchOptions({ compile, precision }: OptionValues<typeof trainOptions>): { torch?: TorchOptions } {
  if (!compile && precision === undefined) return {};
  return { torch: { compile, ...defined({ precision }) } };
}

function goingOn(options: OptionValues<typeof trainOptions>): Pick<TrainRequest, 'takeOver' | 'moreSteps'> {
  const { resume, 'take-over': takeOver, 'more-steps': moreSteps } = options;
  if (takeOver && !resume) throw new UserError('--take-over can only be used with --resume.');
  if (moreSteps !== undefined && !resume) throw new UserError('--more-steps can only be used with --resume.');
  return { takeOver, ...defined({ moreSteps }) };
}

/** Also looked at when the run is taken; here it costs no waiting for the backend. */
async function refuseUsed(output: string, resume: boolean, takeOver: boolean | undefined): Promise<void> {
  await refuseTrained(output, takeOver);
  if (!resume && (await isRunFolder(path.resolve(output)))) {
    throw new UserError(
      `--output ${output}: already holds a run. Resume it with --resume, or choose another folder.`,
    );
  }
}

/** What --condition names: a file that there is, or columns. @param source of the table */
export async function contextOf(
  {
    condition,
    'condition-labels': labels,
    'label-column': labelColumn,
  }: Pick<OptionValues<typeof trainOptions>, 'condition' | 'condition-labels' | 'label-column'>,
  source: string | undefined,
): Promise<TrainRequest['context']> {
  if (condition === undefined && !labels && labelColumn === undefined) return undefined;
  const named =
    condition === undefined
      ? {}
      : (await exists(path.resolve(condition)))
        ? { source: condition }
        : await contextColumns(condition, labelColumn === undefined ? source : undefined);
  return {
    ...named,
    ...(labels ? { labels } : {}),
    ...(labelColumn === undefined ? {} : { labelColumn: columnName(labelColumn) }),
  };
}

/** A table has one class: where several columns could be it and nothing says which, all are numbers. */
async function contextColumns(
  condition: string,
  source: string | undefined,
): Promise<TrainRequest['context']> {
  const { columns = [] } = (source === undefined ? undefined : await overviewOf(source)) ?? {};
  const conditions = columnList(condition).map((text) => {
    const [, name, as] = /^(.*)=(number|class)$/.exec(String(text)) ?? [];
    const key = name === undefined ? text : columnName(name);
    const column = typeof key === 'number' ? columns[key] : columns.find((one) => one.name === key);
    return { key, as, mayBeClass: column !== undefined && isContextClass(column) };
  });
  const classes = conditions.filter(({ as }) => as === 'class');
  const found =
    classes.length > 0 ? classes : conditions.filter(({ as, mayBeClass }) => as !== 'number' && mayBeClass);
  if (classes.length > 1)
    throw new UserError(
      `--condition ${condition}: a flow has one column of classes; write =class behind one.`,
    );
  const numbers = conditions.filter((one) => found.length !== 1 || one !== found[0]).map(({ key }) => key);
  return {
    ...(numbers.length > 0 ? { columns: numbers } : {}),
    ...(found.length === 1 ? { labels: true, labelColumn: found[0]!.key } : {}),
  };
}

/** The table that a source is, or that a config names. */
export async function overviewOf(source: string): Promise<TableOverview | undefined> {
  const { request, base } = await requestFor(source, process.cwd());
  return tableOverview(requestedData(request).source, base);
}
