/** One element of a coupling followed through its arithmetic. */
import type { ExampleLayer } from '../../../src/protocol/inspect';
import type { LayerInfo } from '../../../src/protocol/model';
import { isQuantity } from '../../../src/protocol/quantities';

export type Worked = NonNullable<ReturnType<typeof workedElement>>;

/** The marked element, or the first that moves. Undefined when the values are not there. */
export function workedElement(layer: LayerInfo, view: ExampleLayer, marked: number) {
  const x = view.tensors.find(({ role }) => role === 'input');
  const y = view.tensors.find(({ role }) => role === 'output')?.data;
  if (!x?.data || !y) return undefined;
  const firstMoving = view.mask ? view.mask.data.findIndex((value) => value < 0.5) : 0;
  const index = marked >= 0 && marked < x.data.length ? marked : Math.max(0, firstMoving);
  const [, width = 1, channels = 1] = x.shape;
  /** Row, column, channel of an image; the feature of a vector. */
  const place =
    x.shape.length === 3
      ? [Math.floor(index / (width * channels)), Math.floor(index / channels) % width, index % channels]
      : [index];
  const passes = view.mask ? view.mask.data[index]! > 0.5 : false;
  const quantities = view.tensors.filter(({ role }) => isQuantity(role));
  const channel = place.at(-1)!;
  const [mean, std] = [view.norm?.mean[channel], view.norm?.std[channel]];
  return {
    index,
    place,
    /** x and the layer's quantities, by name. */
    values: Object.fromEntries([x, ...quantities].map(({ name, data }) => [name, data?.[index]])),
    y: y[index] ?? NaN,
    passes,
    /** As of the layer, where the element is transformed. */
    ...(passes ? {} : { formula: layer.formula }),
    /** What the formula gives, where a batch norm follows. */
    ...(passes || mean === undefined || std === undefined ? {} : { beforeNorm: y[index]! * std + mean }),
  };
}
