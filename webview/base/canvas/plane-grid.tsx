/** Planes of one tensor side by side, in a grid that is as square as it gets. */
import type { ComponentChildren } from 'preact';
import type { Plane } from './planes';

export interface PlaneGridProps {
  planes: readonly Plane[];
  /** Side of the whole grid in CSS pixels. */
  size: number;
  gap?: number;
  /** @param size of the plane's longest side */
  children(plane: Plane, index: number, size: number): ComponentChildren;
}

export function PlaneGrid({ planes, size, gap = 6, children }: PlaneGridProps) {
  const columns = Math.ceil(Math.sqrt(planes.length || 1));
  const each = Math.floor((size - (columns - 1) * gap) / columns);
  return (
    <div
      class="plane-grid"
      style={{ gridTemplateColumns: `repeat(${columns}, max-content)`, gap: `${gap}px` }}
    >
      {planes.map((plane, index) => children(plane, index, each))}
    </div>
  );
}
