/** A cell of a map that is pointed at or reached by keys, and the line that reads it out. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { range } from '../../../src/base/order';
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
    keys: (event: KeyboardEvent) =>
      (at.value = cellOfKey(event, at.peek(), { width, height }, isCell) ?? at.peek()),
  };
}

/** The cell that an arrow key leads to, the first one where none is marked. Undefined for other keys, which keep their effect. */
export function cellOfKey(
  event: KeyboardEvent,
  now: number | undefined,
  plane: Pick<Plane, 'width' | 'height'>,
  isCell: (index: number) => boolean,
): number | undefined {
  const step = cellStep(event.key);
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  event.preventDefault();
  event.stopPropagation();
  if (now !== undefined) return nextCell(now, step, plane, isCell) ?? now;
  return range(plane.width * plane.height).find(isCell);
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
