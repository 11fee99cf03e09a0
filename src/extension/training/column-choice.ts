/** Which columns of a table are given, which holds the class, and which are modeled. Knows nothing of VS Code. */
import type { TableColumn } from '../../protocol/data';
import type { ColumnRole } from '../../protocol/column-roles';

/** What a table lets one choose: nothing where no column could be left to model. */
export function columnRoles(columns: readonly TableColumn[]): ColumnRole[] {
  if (columns.filter(({ numeric }) => numeric).length === 0 || columns.length < 2) return [];
  const roles = (as: ColumnRole['as'], which: (column: TableColumn) => boolean): ColumnRole[] =>
    columns.filter(which).map((column) => ({ column, as }));
  const classes = ({ classes }: TableColumn): boolean => classes;
  return [
    ...roles('number', ({ numeric }) => numeric),
    ...roles('class', classes),
    ...roles('shown', classes),
  ];
}

/** At first: the first column of text is the class, since it cannot be modeled. */
export function firstRoles(roles: readonly ColumnRole[]): ColumnRole[] {
  const text = roles.find(({ column, as }) => as === 'shown' && !column.numeric);
  return text ? [text] : [];
}

/** What stays chosen once `added` is: a table has one class, and a column one role. */
export function withRole(chosen: readonly ColumnRole[], added: ColumnRole): ColumnRole[] {
  return [
    ...chosen.filter(
      (role) =>
        role !== added && role.column !== added.column && (role.as === 'number' || added.as === 'number'),
    ),
    added,
  ];
}

/** Names of the columns that are modeled. */
export function modeled(columns: readonly TableColumn[], chosen: readonly ColumnRole[]): string[] {
  return columns.filter((column) => !chosen.some((role) => role.column === column)).map(({ name }) => name);
}

/** Why a table cannot be trained on so. */
export function roleProblem(
  columns: readonly TableColumn[],
  chosen: readonly ColumnRole[],
): { kind: 'none left' } | { kind: 'text'; name: string } | undefined {
  const left = columns.filter((column) => !chosen.some((role) => role.column === column));
  if (left.length === 0) return { kind: 'none left' };
  const text = left.find(({ numeric }) => !numeric);
  return text && { kind: 'text', name: text.name };
}
