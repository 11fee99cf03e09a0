/** The options that say how data are read: which columns of a table are modeled, what becomes of gaps, the size of images. */
import { squares, type ReadingRequest } from '../protocol/engine';
import type { OptionSpecs, OptionValues } from './command';
import { columnList, transformList } from './lists';

export const readingOptions = {
  columns: {
    type: 'text',
    value: 'A,B,…',
    help: 'Columns of a table to model, by name or by number from 0; by default all that are not left out, given or the class.',
  },
  exclude: {
    type: 'text',
    value: 'A,B,…',
    help: 'Columns of a table to leave out, by name or by number from 0.',
  },
  'label-column': {
    type: 'text',
    value: 'NAME',
    help: 'Column of a table that holds a class: not modeled, and given with --condition-labels.',
  },
  missing: {
    type: 'choice',
    choices: ['error', 'drop', 'mean'],
    help: 'Gaps in a table: refuse them (default), leave out their rows, or fill them with the mean of the training rows.',
  },
  transform: {
    type: 'text',
    value: 'COLUMN=MAP,…',
    help: `Columns with bounds, which no sample then leaves: income=log for values above 0, log:LOW for those above LOW, age=logit:0:120 for those between two bounds. The map is part of the flow.`,
  },
  'image-size': {
    type: 'integer',
    min: 1,
    value: 'N',
    help: 'Height and width in pixels that images in files are cut to, in the middle, and scaled to. Those of different sizes become 32 unless it is given.',
  },
} as const satisfies OptionSpecs;

/** Undefined where none of them is given. */
export function readingRequest({
  columns,
  exclude,
  missing,
  transform,
  'image-size': size,
}: Pick<
  OptionValues<typeof readingOptions>,
  'columns' | 'exclude' | 'missing' | 'transform' | 'image-size'
>): ReadingRequest | undefined {
  if ([columns, exclude, missing, transform, size].every((value) => value === undefined)) return undefined;
  return {
    ...(columns === undefined ? {} : { columns: columnList(columns) }),
    ...(exclude === undefined ? {} : { exclude: columnList(exclude) }),
    ...(missing === undefined ? {} : { missing }),
    ...(transform === undefined ? {} : { transforms: transformList(transform) }),
    ...(size === undefined ? {} : squares(size)),
  };
}
