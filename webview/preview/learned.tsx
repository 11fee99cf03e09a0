/** What a flow would learn of a table, and what becomes of its gaps. */
import { count } from '../base/format/numbers';
import { LinkButton } from '../base/controls/toolkit';
import {
  type Missing,
  rowsWithGaps,
  type Use,
  uses as allUses,
  worstColumn,
} from '../../src/protocol/table-choice';
import type { TableState } from './table-state';
import { text } from './text';
import { Pairs } from '../base/controls/pairs';

const namedColumns = 4;

export function Learned({ table }: { table: TableState }) {
  const { columns } = table.overview;
  const uses = table.uses.value;
  const names = (use: Use): string => {
    const found = columns.filter((_, i) => uses[i] === use).map(({ name }) => name);
    if (found.length === 0) return '–';
    const more = found.length - namedColumns;
    return more > 0 ? text.andMore(found.slice(0, namedColumns).join(', '), more) : found.join(', ');
  };
  return (
    <section aria-labelledby="learned-title">
      <h2 id="learned-title">{text.learned}</h2>
      <Pairs
        class="listed"
        of={allUses
          .filter((use) => use !== 'number' || uses.includes(use))
          .map((use) => [text.uses[use], names(use)])}
      />
    </section>
  );
}

export function Gaps({ table }: { table: TableState }) {
  const { overview } = table;
  const uses = table.uses.value;
  const rows = rowsWithGaps(overview, uses);
  if (rows === 0) return null;
  const worst = worstColumn(overview, uses);
  const option = (missing: Missing, label: string, stay: number) => (
    <label class="option">
      <input
        type="radio"
        name="gaps"
        checked={table.missing.value === missing}
        onChange={() => table.fill(missing)}
      />
      <span class="title">{label}</span>
      <span class="tick num">{text.stay(stay)}</span>
    </label>
  );
  return (
    <section aria-labelledby="gaps-title">
      <h2 id="gaps-title">
        {text.gapsTitle} <span class="tick">{text.gapRows(rows, overview.looked)}</span>
      </h2>
      {option('drop', text.dropRows(rows), overview.looked - rows)}
      {option('mean', text.fillRows, overview.looked)}
      {worst && table.missing.value === 'drop' ? (
        <LinkButton onClick={() => table.use(worst.at, 'leave out')}>
          {text.leaveOutColumn(overview.columns[worst.at]!.name, count(overview.looked - worst.rows))}
        </LinkButton>
      ) : null}
    </section>
  );
}
