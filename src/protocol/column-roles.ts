/** What becomes of the columns of a table: what a flow models, what it is given, and the class. */
import type { TableColumn } from './data';
import type { DataChoice } from './engine';

/** `number`: given as it is. `class`: given as one number per class. `shown`: a class that is neither given nor modeled. */
export interface ColumnRole {
  column: TableColumn;
  as: 'number' | 'class' | 'shown';
}

export function contextOfRoles(chosen: readonly ColumnRole[]): DataChoice['context'] {
  const keys = (as: ColumnRole['as']) => chosen.flatMap((role) => (role.as === as ? [role.column.key] : []));
  const columns = keys('number');
  const [classKey] = keys('class');
  const labelColumn = classKey ?? keys('shown')[0];
  if (columns.length === 0 && labelColumn === undefined) return undefined;
  return {
    ...(columns.length > 0 ? { columns } : {}),
    ...(classKey === undefined ? {} : { labels: true }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
  };
}
