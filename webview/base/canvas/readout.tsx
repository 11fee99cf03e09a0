/** A cell of a map that is pointed at or reached by keys, and the line that reads it out. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { cellStep, nextCell } from '../controls/arrow-keys';
import type { Plane } from './planes';

/** @param isCell false for cells without values, which arrows step over */
export function useCursor(
  { width, height }: Pick<Plane, 'width' | 'height'>,
  isCell: (index: number) => boolean = () => true,
) {
  const at = useSignal<number | undefined>(undefined);
  return {
    at,
    point: (index: number | undefined) =>
      (at.value = index !== undefined && isCell(index) ? index : undefined),
    keys(event: KeyboardEvent) {
      const step = cellStep(event.key);
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const now = at.peek();
      if (now === undefined) {
        at.value = 0;
        return;
      }
      at.value = nextCell(now, step, { width, height }, isCell) ?? now;
    },
  };
}

interface ReadoutProps<T> {
  of: ReadonlySignal<T | undefined>;
  hint: string;
  children(value: T): string;
}

/** Keeps its height when nothing is pointed at. */
export function Readout<T>({ of, hint, children }: ReadoutProps<T>) {
  const value = of.value;
  return (
    <p class="readout tick" aria-live="polite">
      {value === undefined ? hint : children(value)}
    </p>
  );
}
