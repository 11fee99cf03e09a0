/** The options of commands that read examples from files, and what they come to. */
import type { OpenedRunner } from '../engine/model/opened-runner';
import type { NamedArray } from '../engine/use/read-array';
import { readModelExamples, type TableChoice } from '../engine/use/read-examples';
import { type OptionSpecs, type OptionValues, choiceOption, textOption } from './command';
import { columnList, columnName } from './lists';
import type { Session } from './session';

export const inputOptions = {
  input: textOption(
    'FILE',
    'A table (.csv, .tsv, .parquet, or the draws in an ArviZ .nc), .npy or .npz (array x), IDX or CIFAR files, a folder or zip file of images, or a built-in name: new points of a 2-D set, or all of digits.',
  ),
  array: textOption('NAME', 'Which array of an .npz to read.'),
  columns: textOption(
    'A,B,…',
    'Columns of a table, by name or by number from 0; by default the columns that the model was trained on.',
  ),
  'label-column': textOption('NAME', 'Column of a table that holds a class and is left out.'),
  layout: choiceOption(['nhwc', 'nchw'], "Order of the axes of image arrays; by default the model's own."),
} as const satisfies OptionSpecs;

/** Option of commands that run conditional flows. */
export const conditionOption = {
  condition: textOption(
    'A=1,B=2|FILE',
    'Of flows that take one: numbers for all examples, or an .npy or .npz file (array context) with a row for each. A class is given by its name or number.',
  ),
} as const satisfies OptionSpecs;

/** Which of a file's arrays and columns to take. */
export function tableChoice(
  session: Session,
  options: Pick<OptionValues<typeof inputOptions>, 'array' | 'columns' | 'label-column'>,
): TableChoice {
  const { array, columns, 'label-column': label } = options;
  return {
    note: (text) => session.progress.note(text),
    array,
    columns: columns === undefined ? undefined : columnList(columns),
    labelColumn: label === undefined ? undefined : columnName(label),
  };
}

/** @throws UserError naming the file, the place in it and what was expected */
export function readInput(
  session: Session,
  opened: OpenedRunner,
  input: string,
  options: Omit<OptionValues<typeof inputOptions>, 'input' | 'layout'>,
): Promise<NamedArray> {
  return readModelExamples(opened, input, tableChoice(session, options));
}
