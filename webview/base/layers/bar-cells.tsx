/** Two cells of a table: a number as a bar to either side, and as text. One where it passes unchanged. */
import { words } from '../words';

export interface BarCellsProps {
  value: number | undefined;
  /** What a full bar stands for. */
  limit: number;
  passes: boolean;
  textOf(value: number | undefined, digits: number): string;
}

export function BarCells({ value, limit, passes, textOf }: BarCellsProps) {
  if (passes)
    return (
      <td colSpan={2} class="hatched-cell" aria-label={words.passesUnchanged}>
        {' '}
      </td>
    );
  const finite = value !== undefined && Number.isFinite(value);
  const share = finite ? Math.min(1, Math.abs(value) / limit) * 50 : 0;
  const left = finite && value < 0 ? 50 - share : 50;
  const background = finite && value < 0 ? 'var(--neg)' : 'var(--pos)';
  return (
    <>
      <td>
        <span class="cell-bar" aria-hidden="true">
          <i style={{ left: `${left}%`, width: `${share}%`, background }} />
        </span>
      </td>
      <td class={`num ${value !== undefined && !finite ? 'bad' : ''}`}>{textOf(value, 3)}</td>
    </>
  );
}
