import { putAt } from '../../../base/order';
import { sizeOf } from '../../../base/shape';
import type { ExampleLayer, LayerQuery, LayerView, MaskView } from '../../../protocol/inspect';
import { isQuantity, type TensorRole } from '../../../protocol/quantities';
import type { ExampleRef } from '../../../protocol/selection';
import { largestWhole } from '../../../protocol/tensor-window';
import type { TensorView, NdArray } from '../../../protocol/tensors';
import {
  type InspectedFlow,
  type InspectedLayer,
  layerAt,
  type LayerRecord,
  type Values,
} from '../../model/inspected-flow';
import { examplePass, selectionPasses } from '../pass';
import { tensorView } from '../statistics';
import { worst } from '../strip/strip';
import type { SharedInquiry } from '../inquiry';
import { UserError } from '../../../base/user-error';

/** A tensor of a layer as views name it: x, what the layer declares, y, and z where latents leave. */
export interface NamedTensor {
  name: string;
  role: TensorRole;
  values: Values;
}

/** Tensors of the first example, in the order in which they are shown. */
export function tensorsOf({ input, quantities, output, factored }: LayerRecord): NamedTensor[] {
  return [
    { name: 'x', role: 'input', values: input },
    ...quantities.map(({ name, role, first }): NamedTensor => ({ name, role, values: first })),
    { name: 'y', role: 'output', values: output },
    ...(factored ? [{ name: 'z', role: 'latent' as const, values: factored }] : []),
  ];
}

export async function layer({ model, work, signal }: SharedInquiry, query: LayerQuery): Promise<LayerView> {
  const found = layerAt(model, query.layer);
  const { index } = found.info;
  const { batch, still, example } = await selectionPasses({ model, work, signal }, query);
  const record = batch.layers[index]!;
  const sum = record.elements?.sum;
  const counted = [...batch.weight.keys()].filter((i) => batch.weight[i]! > 0);
  return {
    ...(example ? exampleView(model, found, example.layers[index]!) : firstView(model, found, record)),
    ...(fits(sum) && {
      logDetMapMean: { shape: sum.shape, data: sum.data.map((value) => value / counted.length) },
    }),
    logDetBatch: Float32Array.from(counted, (i) => record.logDet.layer[i]! + record.logDet.norm[i]!),
    roundTrip: worst(still.layers[index]!.roundTrip),
  };
}

export async function layerOfExample(
  { model, work, signal }: SharedInquiry,
  query: { example: ExampleRef; layer: number },
): Promise<ExampleLayer> {
  const found = layerAt(model, query.layer);
  const { pass } = await examplePass({ model, work, signal }, query.example);
  return exampleView(model, found, pass.layers[found.info.index]!);
}

function exampleView(model: InspectedFlow, found: InspectedLayer, record: LayerRecord): ExampleLayer {
  return {
    ...firstView(model, found, record),
    logDetExample: { coupling: record.logDet.layer[0]!, norm: record.logDet.norm[0]! },
  };
}

/** What is shown of the first example of a pass. */
function firstView(model: InspectedFlow, { info, flow }: InspectedLayer, record: LayerRecord): ExampleLayer {
  const mask = flow?.mask;
  const norm = normOf(record, mask?.data, info.outputShape);
  const elements = record.elements?.first;
  return {
    layer: info.index,
    tensors: tensorsOf(record).map(({ name, role, values }): TensorView => {
      // The page takes the values that are transformed from the mask, where both are sent.
      const large = values.data.length > largestWhole;
      const part = mask && large && isQuantity(role);
      const counted = part ? values.data.filter((_, i) => mask.data[i]! < 0.5) : values.data;
      return { ...tensorView(name, values, counted), role };
    }),
    ...(fits(mask) ? { mask: { shape: [...mask.shape], data: mask.data } } : {}),
    ...(fits(elements) ? { logDetMap: { shape: [...elements.shape], data: elements.data } } : {}),
    ...(fits(elements) &&
      flow &&
      movedPlaces(info, model) && { logDetInImage: inImage(model, flow.positions, elements.data) }),
    ...(norm ? { norm } : {}),
  };
}

/** ln |dy/dx| of the layer's own map at each element of the first example; undefined where it is not such a sum. */
export function elementLogDets(
  { preservesVolume, inputShape }: InspectedLayer['info'],
  { elements }: LayerRecord,
): Float32Array | undefined {
  return elements?.first.data ?? (preservesVolume ? new Float32Array(sizeOf(inputShape)) : undefined);
}

/** Whether a tensor is sent as a whole. */
function fits<T extends { data: ArrayLike<number> }>(tensor: T | undefined): tensor is T {
  return tensor !== undefined && tensor.data.length <= largestWhole;
}

/** Whether squeezes and factor-outs lie before a layer of an image flow. */
function movedPlaces({ inputShape }: InspectedLayer['info'], model: InspectedFlow): boolean {
  return inputShape.length === 3 && inputShape.join() !== model.flow.inputShape.join();
}

/** Per channel of the layer. A batch norm that saw only the moving half of the channels leaves the others as they are. */
export function normOf(
  { norm: used }: LayerRecord,
  mask: Float32Array | undefined,
  shape: readonly number[],
): LayerView['norm'] {
  if (!used) return undefined;
  const channels = shape[shape.length - 1]!;
  const mean = [...used.mean];
  const std = Array.from(used.variance, Math.sqrt);
  if (mean.length === channels) return { mean, std };
  const moving = Array.from({ length: channels }, (_, c) => mask?.[c] === 0);
  let next = 0;
  const places = moving.map((moves) => (moves ? next++ : -1));
  return {
    mean: places.map((place) => (place < 0 ? 0 : mean[place]!)),
    std: places.map((place) => (place < 0 ? 1 : std[place]!)),
  };
}

/** @throws UserError for a layer without a mask */
export function mask(model: InspectedFlow, query: { layer: number }): MaskView {
  const { info, flow } = layerAt(model, query.layer);
  const pattern = flow?.mask;
  if (!flow || !pattern) throw new UserError(`The layer ${info.name} has no mask; couplings have one.`);
  return {
    layer: info.index,
    mask: { shape: [...pattern.shape], data: pattern.data },
    inImage: inImage(model, flow.positions, pattern.data),
  };
}

/** Values of a layer's elements at their places in the flow's input; NaN for what was factored out before the layer. */
function inImage(model: InspectedFlow, positions: Int32Array, values: Float32Array): NdArray<Float32Array> {
  const data = putAt(values, positions, new Float32Array(model.dimensions).fill(NaN));
  return { shape: [...model.flow.inputShape], data };
}
