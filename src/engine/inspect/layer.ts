import type { ExampleLayer, LayerQuery, LayerView } from '../../protocol/inspect';
import type { ExampleRef } from '../../protocol/selection';
import { largestWhole } from '../../protocol/tensor-window';
import type { NdArray } from '../../protocol/tensors';
import { type InspectedFlow, type InspectedLayer, layerAt } from '../model/inspected-flow';
import { inImage } from './mask';
import type { FirstTensor, LayerPass } from './pass';
import { examplePass, selectionPasses } from './selection';
import type { SharedWork } from './shared-work';
import { tensorView } from './statistics';
import { worst } from './strip';

const order: readonly FirstTensor[] = ['x', 's', 't', 'y', 'factored'];

export async function layer(
  model: InspectedFlow,
  work: SharedWork,
  query: LayerQuery,
  signal: AbortSignal,
): Promise<LayerView> {
  const found = layerAt(model, query.layer);
  const { index } = found.info;
  const { batch, still, example } = await selectionPasses(model, work, query, signal);
  const own = batch.layers[index]!;
  const counted = [...batch.weight.keys()].filter((i) => batch.weight[i]! > 0);
  return {
    ...(example ? exampleView(model, found, example.layers[index]!) : firstView(model, found, own)),
    ...(fits(own.sMean) ? { logDetMapMean: own.sMean } : {}),
    logDetBatch: Float32Array.from(counted, (i) => own.coupling[i]! + own.norm[i]!),
    roundTrip: worst(still.layers[index]!.roundTrip),
  };
}

export async function layerOfExample(
  model: InspectedFlow,
  work: SharedWork,
  query: { example: ExampleRef; layer: number },
  signal: AbortSignal,
): Promise<ExampleLayer> {
  const found = layerAt(model, query.layer);
  const { pass } = await examplePass(model, work, query.example, signal);
  return exampleView(model, found, pass.layers[found.info.index]!);
}

function exampleView(model: InspectedFlow, found: InspectedLayer, own: LayerPass): ExampleLayer {
  return {
    ...firstView(model, found, own),
    logDetExample: { coupling: own.coupling[0]!, norm: own.norm[0]! },
  };
}

/** What is shown of the first example of a pass. */
function firstView(model: InspectedFlow, { info, flow }: InspectedLayer, own: LayerPass): ExampleLayer {
  const mask = flow?.mask;
  const norm = normOf(own, mask?.data, info.outputShape);
  return {
    layer: info.index,
    tensors: order.flatMap((name) => {
      const value = own.first[name];
      if (!value) return [];
      // The page takes the values that move from the mask, where both are sent.
      const large = value.data.length > largestWhole;
      const moving = mask && large && (name === 's' || name === 't');
      const counted = moving ? value.data.filter((_, i) => mask.data[i]! < 0.5) : value.data;
      return [tensorView(name === 'factored' ? 'z' : name, value, counted)];
    }),
    ...(fits(mask) ? { mask: { shape: [...mask.shape], data: mask.data } } : {}),
    // s is zero where nothing moves, so it is the map already.
    ...(fits(own.first.s) ? { logDetMap: copy(own.first.s) } : {}),
    ...(fits(own.first.s) && flow && movedPlaces(info, model)
      ? { logDetInImage: inImage(model, flow.positions, own.first.s.data) }
      : {}),
    ...(norm ? { norm } : {}),
  };
}

/** Whether a tensor is sent as a whole. */
function fits<T extends { data: ArrayLike<number> }>(tensor: T | undefined): tensor is T {
  return tensor !== undefined && tensor.data.length <= largestWhole;
}

/** Whether squeezes and factor-outs lie before a layer of an image flow. */
function movedPlaces({ inputShape }: InspectedLayer['info'], model: InspectedFlow): boolean {
  return inputShape.length === 3 && inputShape.join() !== model.flow.inputShape.join();
}

function copy({ shape, data }: NdArray<Float32Array>): NdArray<Float32Array> {
  return { shape: [...shape], data };
}

/** Per channel of the layer. A batch norm that saw only the moving half of the channels leaves the others as they are. */
export function normOf(
  { normUsed }: LayerPass,
  mask: Float32Array | undefined,
  shape: readonly number[],
): LayerView['norm'] {
  if (!normUsed) return undefined;
  const channels = shape[shape.length - 1]!;
  const mean = [...normUsed.mean];
  const std = Array.from(normUsed.variance, Math.sqrt);
  if (mean.length === channels) return { mean, std };
  const moving = Array.from({ length: channels }, (_, c) => mask?.[c] === 0);
  let next = 0;
  const places = moving.map((moves) => (moves ? next++ : -1));
  return {
    mean: places.map((place) => (place < 0 ? 0 : mean[place]!)),
    std: places.map((place) => (place < 0 ? 1 : std[place]!)),
  };
}
