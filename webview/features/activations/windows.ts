/** The visible part of tensors that are too large to come with their layer. */
import type { TensorWindowQuery } from '../../../src/protocol/tensor-window';
import { windowOf, type MapView } from './map-view';

/** Channels, or features, that a page shows. */
export const channelsAPage = 16;
export const featuresAPage = 64;

/** Cells a side of one map of a page; all of its maps share a frame. */
const cellsAPage = 128;

export type VisibleWindow = Pick<TensorWindowQuery, 'from' | 'size' | 'block'>;

/** What a page shows of a tensor. */
export function visibleWindow(shape: readonly number[], page: number, seen: MapView): VisibleWindow {
  if (shape.length !== 3) {
    const [features = 0] = shape;
    const from = Math.min(page * featuresAPage, Math.max(0, features - 1));
    return { from: [from], size: [Math.min(featuresAPage, features - from)], block: 1 };
  }
  const [height, width, channels] = shape as [number, number, number];
  const last = Math.ceil(channels / channelsAPage) - 1;
  const offset = Math.min(page, last) * channelsAPage;
  const count = Math.min(channelsAPage, channels - offset);
  const window = windowOf(seen, height, width);
  const cells = Math.floor(cellsAPage / Math.ceil(Math.sqrt(count)));
  return {
    from: [window.row, window.column, offset],
    size: [window.height, window.width, count],
    block: Math.ceil(Math.max(window.height, window.width) / cells),
  };
}
