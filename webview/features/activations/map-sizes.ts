/** How large the maps of a layer are drawn: side by side at every width, since the eye compares them along one line. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { usePanelRoom, type Room } from '../../base/size/room';

export type MapSizes = ReturnType<typeof mapSizes>;

const smallestFrame = 64;
const largestFrame = 300;
const smallestHistogram = 26;
/** Until the panel was measured: what it was last, since maps too large for it would bring scroll bars, which take room. */
let expected = { room: { width: 560, height: 440 }, around: 260 };

/** @param around height of all that is neither a map nor a histogram */
export function mapSizes({ width, height }: Room, tensors: number, around: number) {
  const gap = Math.min(22, Math.max(8, Math.floor(0.024 * width)));
  // Tall and narrow: two by two, because there the maps gain more than the line loses.
  const twice = tensors === 4 && height > 1.5 * width && height > 700;
  const columns = twice ? 2 : Math.max(1, tensors);
  const wide = Math.floor((width - (columns - 1) * gap) / columns);
  /** Width of a column, with its histogram and legend. */
  const column = Math.min(wide, largestFrame + 40);
  const left = (height - around) / (twice ? 2 : 1);
  /** Side of the square that the maps of a tensor share. */
  const frame = Math.max(
    Math.min(smallestFrame, column),
    Math.min(column, largestFrame, Math.floor(left - smallestHistogram)),
  );
  const histogram = Math.max(smallestHistogram, Math.min(0.18 * width, left - frame));
  return { columns, column, frame, histogram: Math.floor(histogram) };
}

/** The columns in which square maps fill a box best, and the pixels of a side of each map. */
export function mapGrid(
  count: number,
  [width, height]: readonly [number, number],
  gap: number,
): { columns: number; side: number } {
  let best = { columns: 1, side: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns) || 1;
    const side = Math.min((width - (columns - 1) * gap) / columns, (height - (rows - 1) * gap) / rows);
    if (side > best.side) best = { columns, side };
  }
  return best;
}

export const mapsStyle = ({ columns, column, frame }: MapSizes): Record<string, string> => ({
  gridTemplateColumns: `repeat(${columns}, ${column}px)`,
  '--frame': `${frame}px`,
});

/** Sizes that fill the panel around an element, by what else is in it. */
export function useMapSizes(tensors: number, pictures: boolean) {
  const { within, room = expected.room } = usePanelRoom();
  const [around, setAround] = useState(expected.around);
  const sizes = mapSizes(room, tensors, around);
  useLayoutEffect(() => {
    expected = { room, around };
    const element = within.current;
    const last = element?.lastElementChild;
    if (!element || !last) return;
    const used = last.getBoundingClientRect().bottom - element.getBoundingClientRect().top;
    if (used <= 0) return;
    const rows = Math.ceil(tensors / sizes.columns);
    const next = Math.ceil(used - rows * (sizes.histogram + (pictures ? sizes.frame : 0)));
    // A pixel too many would bring a scroll bar, which takes room and changes what fits.
    setAround((before) => (next > before || before - next > 2 ? next : before));
  });
  return { within, sizes };
}
