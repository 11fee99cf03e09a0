/** The toy flow as if its tensors were too large to be sent as a whole: statistics, and windows on demand. */
import type { LayerQuery, LayerView } from '../../../src/protocol/inspect';
import type { TensorWindow, TensorWindowQuery } from '../../../src/protocol/tensor-window';
import type { ToyFlow } from './toy-flow';

export function withoutValues(view: LayerView): LayerView {
  const { mask: _, logDetMap: __, logDetMapMean: ___, logDetInImage: ____, ...rest } = view;
  return { ...rest, tensors: view.tensors.map(({ data: _____, ...tensor }) => tensor) };
}

/** Value by value, without the loops of the engine. */
export function toyWindow(flow: ToyFlow, query: TensorWindowQuery): TensorWindow {
  const { layer, tensor, from, size, block } = query;
  const view = flow.answer('layer', query satisfies LayerQuery) as LayerView;
  const { shape, data } = view.tensors.find(({ name }) => name === tensor)!;
  const [top, left, first] = from as [number, number, number];
  const [high, wide, deep] = size as [number, number, number];
  const at = (h: number, w: number, c: number): number => data![(h * shape[1]! + w) * shape[2]! + c]!;
  const [rows, columns] = [Math.ceil(high / block), Math.ceil(wide / block)];
  const range = (start: number, length: number): number[] => Array.from({ length }, (_, i) => start + i);
  const values = range(0, rows * columns * deep).map((i) => {
    const [row, column, c] = [Math.floor(i / deep / columns), Math.floor(i / deep) % columns, i % deep];
    const cells = range(row * block, Math.min(block, high - row * block)).flatMap((h) =>
      range(column * block, Math.min(block, wide - column * block)).map((w) =>
        at(top + h, left + w, first + c),
      ),
    );
    return cells.reduce((a, b) => a + b, 0) / cells.length;
  });
  return {
    layer,
    tensor,
    shape,
    from,
    size,
    block,
    values: { shape: [rows, columns, deep], data: Float32Array.from(values) },
  };
}
