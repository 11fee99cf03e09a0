/** The options that say how data are read: which columns of a table are modeled, what becomes of gaps, the size of images. */
import { defined } from '../base/defined';
import { squares, type TrainRequest } from '../protocol/engine';
import { type OptionSpecs, type OptionValues, choiceOption, integerOption, textOption } from './command';
import { columnList, columnName, transformList } from './lists';

export const readingOptions = {
  columns: textOption(
    'A,B,…',
    'Columns of a table to model, by name or by number from 0; by default all that are not left out, given or the class.',
  ),
  exclude: textOption('A,B,…', 'Columns of a table to leave out, by name or by number from 0.'),
  'label-column': textOption(
    'NAME',
    'Column of a table that holds a class: not modeled, and given with --condition-labels.',
  ),
  'weight-column': textOption(
    'NAME',
    'Column of a table that holds the weight of each row: not modeled. Rows are drawn in proportion to it.',
  ),
  missing: choiceOption(
    ['error', 'drop', 'mean'],
    'Gaps in a table: refuse them (default), leave out their rows, or fill them with the mean of the training rows.',
  ),
  transform: textOption(
    'COLUMN=MAP,…',
    `Columns with bounds, which no sample then leaves: income=log for values above 0, log:LOW for those above LOW, age=logit:0:120 for those between two bounds. The map is part of the flow.`,
  ),
  'image-size': integerOption(
    'N',
    'Height and width in pixels that images in files are cut to, in the middle, and scaled to. Those of different sizes become 32 unless it is given.',
    { min: 1 },
  ),
} as const satisfies OptionSpecs;

/** Undefined where none of them is given. */
export function readingRequest(options: OptionValues<typeof readingOptions>): TrainRequest['reading'] {
  const { columns, exclude, 'weight-column': weight, missing, transform, 'image-size': size } = options;
  const reading = defined({
    columns: columns === undefined ? columns : columnList(columns),
    exclude: exclude === undefined ? exclude : columnList(exclude),
    weightColumn: weight === undefined ? weight : columnName(weight),
    missing,
    transforms: transform === undefined ? transform : transformList(transform),
    ...(size === undefined ? {} : squares(size)),
  });
  return Object.keys(reading).length > 0 ? reading : undefined;
}
