/** The visible part of tensors that are too large to come with their layer. */
import { computed, type ReadonlySignal } from '@preact/signals';
import { tensorRoles, type TensorRole } from '../../../src/protocol/quantities';
import type { Selection } from '../../../src/protocol/selection';
import type { TensorWindow, TensorWindowQuery } from '../../../src/protocol/tensor-window';
import type { TensorView } from '../../../src/protocol/tensors';
import { windowOf, type MapView, wholeMap } from './map-view';
import { ask, type Question, type QuestionContext } from '../../base/store/store';

/** Channels, or features, that a page shows. */
export const channelsAPage = 16;
export const featuresAPage = 64;

/** Cells a side of one map of a page; all of its maps share a frame. */
const cellsAPage = 128;

/** By what the tensor is. */
export type Windows = Record<TensorRole, Question<TensorWindow>>;

interface Shown {
  selection: ReadonlySignal<Selection | null>;
  layer: ReadonlySignal<number>;
  /** Tensors of the layer that is shown; undefined while they are not known. */
  tensors: ReadonlySignal<readonly TensorView[] | undefined>;
  page: ReadonlySignal<number>;
  mapView: ReadonlySignal<MapView & { layer: number }>;
}

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

export function createWindows(
  context: QuestionContext,
  { selection, layer, tensors, page, mapView }: Shown,
): Windows {
  const windowed = (role: TensorRole): Question<TensorWindow> => {
    const tensor = computed(() => tensors.value?.find((one) => one.role === role && !one.data));
    return ask(context, 'tensorWindow', () => {
      if (!tensor.value || !selection.value) return null;
      const { name, shape } = tensor.value;
      const seen = mapView.value.layer === layer.value ? mapView.value : wholeMap;
      return {
        ...selection.value,
        layer: layer.value,
        tensor: name,
        ...visibleWindow(shape, page.value, seen),
      };
    });
  };
  return Object.fromEntries(tensorRoles.map((role) => [role, windowed(role)])) as Windows;
}
