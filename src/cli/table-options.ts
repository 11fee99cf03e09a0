/** The options that say which columns of a table are modeled, and what becomes of its gaps. */
import type { TableRequest } from '../protocol/engine';
import type { OptionSpecs, OptionValues } from './command';
import { columnList } from './lists';

export const tableOptions = {
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
} as const satisfies OptionSpecs;

/** Undefined where none of them is given. */
export function tableRequest({
  columns,
  exclude,
  missing,
}: Pick<OptionValues<typeof tableOptions>, 'columns' | 'exclude' | 'missing'>): TableRequest | undefined {
  if (columns === undefined && exclude === undefined && missing === undefined) return undefined;
  return {
    ...(columns === undefined ? {} : { columns: columnList(columns) }),
    ...(exclude === undefined ? {} : { exclude: columnList(exclude) }),
    ...(missing === undefined ? {} : { missing }),
  };
}
