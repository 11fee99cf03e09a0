/** The options of commands that read examples from files, and what they come to. */
import type { FlowRunner } from '../engine/use/runner';
import { sizeOf } from '../engine/use/runner';
import type { OptionSpecs, OptionValues } from './command';
import { columnList, columnName } from './lists';
import type { OpenedRunner } from './model';
import type { NamedArray } from './read-array';
import { readExamples } from './read-examples';

export const inputOptions = {
  input: {
    type: 'text',
    value: 'FILE',
    help: 'A table (.csv, .tsv, .parquet), .npy or .npz (array x), IDX or CIFAR files, a folder or zip file of pictures, or a built-in name: new points of a 2-D set, all of digits.',
  },
  array: { type: 'text', value: 'NAME', help: 'Which array of an .npz to take.' },
  columns: {
    type: 'text',
    value: 'A,B,…',
    help: 'Columns of a table, by name or number from 0; by default those that the model was trained on.',
  },
  'label-column': { type: 'text', value: 'NAME', help: 'Column of a table that holds a class: left out.' },
  layout: {
    type: 'choice',
    choices: ['nhwc', 'nchw'],
    help: "Order of the axes of image arrays; by default the model's own.",
  },
} as const satisfies OptionSpecs;

/** @throws UserError naming the file, the place in it and what was expected */
export function readInput(
  { runner, data, featureNames }: OpenedRunner,
  input: string,
  options: Omit<OptionValues<typeof inputOptions>, 'input' | 'layout'>,
): Promise<NamedArray> {
  return readExamples({
    input,
    dimensions: sizeOf(runner.inputShape),
    kind: runner.config.kind,
    ...imageShapeOf(runner),
    ...(options.array === undefined ? {} : { array: options.array }),
    ...(options.columns === undefined ? {} : { columns: columnList(options.columns) }),
    ...(options['label-column'] === undefined ? {} : { labelColumn: columnName(options['label-column']) }),
    ...(data ? { data } : {}),
    ...(featureNames ? { featureNames } : {}),
  });
}

function imageShapeOf({ config }: FlowRunner): { imageShape?: number[] } {
  return config.kind === 'image' ? { imageShape: [config.height, config.width, config.channels] } : {};
}
