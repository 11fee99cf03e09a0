import { HeatMap } from './canvas';
import type { ColorScale } from './color-maps';
import type { Plane } from './planes';

export interface PlaneGridProps {
  planes: readonly Plane[];
  scale(light: boolean): ColorScale;
  /** Side of the whole grid in CSS pixels. */
  size: number;
  label(channel: number): string;
  name(channel: number): string;
  hatched(cell: number, channel: number): boolean;
}

/** px between the planes. */
const gap = 6;

/** Planes of one tensor side by side, in a grid that is as square as it gets. */
export function PlaneGrid({ planes, scale, size, label, name, hatched }: PlaneGridProps) {
  const columns = Math.ceil(Math.sqrt(planes.length || 1));
  return (
    <div
      class="plane-grid"
      style={{ gridTemplateColumns: `repeat(${columns}, max-content)`, gap: `${gap}px` }}
    >
      {planes.map((plane, c) => (
        <HeatMap
          key={c}
          {...{ plane, scale }}
          size={Math.floor((size - (columns - 1) * gap) / columns)}
          label={label(c)}
          name={name(c)}
          hatched={(cell) => hatched(cell, c)}
        />
      ))}
    </div>
  );
}
