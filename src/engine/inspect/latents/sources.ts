/** Examples that views derive other examples from: their values and their latents. */
import { putAt } from '../../../base/order';
import type { SourceRef } from '../../../protocol/selection';
import { contextFeed } from '../../model/context';
import { contextsOf, sampleLatents, sourceOf } from '../../model/examples';
import type { ExampleSource, InspectedFlow } from '../../model/inspected-flow';
import { cropImages } from '../../model/inputs';
import { encodeExamples, exampleShape } from '../../model/latents';
import { breathe } from '../../model/breathe';
import type { FlowRunner, InverseBatch } from '../../model/runner';

export interface ExampleLatents {
  /** [n, …] row-major. For samples, those that they were drawn from, without a way there and back. */
  z: Float32Array;
  /** Context of each, where the flow takes one and it is not the model's usual one. */
  context?: Float32Array;
}

/** @throws UserError for an example that does not exist, CancelledError */
export async function sourcesOf(model: ExampleSource, refs: readonly SourceRef[], signal: AbortSignal) {
  const { dimensions: size, config, runner } = model;
  const n = refs.length;
  const x = new Float32Array(n * size);
  /** [n, …] as given, in data units, padding cut off. */
  const shown = new Float32Array(n * size);
  const contexts: number[] = [];
  for (const [i, ref] of refs.entries()) {
    await breathe(signal);
    const one = await sourceOf(model, ref);
    x.set(one.x, i * size);
    shown.set(one.shown, i * size);
    if (runner.context)
      contexts.push(...contextFeed(runner.context, one.context ?? model.chosenContext, 1).data);
  }
  const { context } = contextsOf(contexts);
  const z = await encodeExamples(runner, x, n, { signal, context });
  for (const [i, ref] of refs.entries()) {
    if (ref.kind === 'sample') z.set(await sampleLatents(model, ref, ref.index, 1), i * size);
  }
  return {
    shown: { shape: [n, ...exampleShape(runner)], data: cropImages(shown, n, config) },
    z,
    ...(context ? { context } : {}),
  };
}

/** Values of all layers that are worth moving for it. */
const largestWay = 2 ** 20;

/**
 * Decodes small sets through the graph that the way from z to x needs too: one compilation less to wait for.
 * @param count latents that are going to be decoded
 */
export async function wayRunner(model: InspectedFlow, count: number): Promise<FlowRunner> {
  if (count * model.dimensions * model.layers.length > largestWay) return model.runner;
  const program = await model.programs.way();
  const { context: info } = model.runner;
  const inverse: FlowRunner['inverse'] = async (z, n, _space, { context } = {}): Promise<InverseBatch> => {
    const out = await program.run({
      z: { shape: [n, ...model.flow.outputShape], data: z },
      ...(info && context ? { context: contextFeed(info, context, n) } : {}),
    });
    return { x: inDataOrder(model, out['0']!.data as Float32Array), logDet: new Float32Array(n).fill(NaN) };
  };
  return { ...model.runner, inverse };
}

/** Another software's file may begin with a permutation that is not a layer of its own: its first layer has that order. */
function inDataOrder({ layers, dimensions: size }: InspectedFlow, values: Float32Array): Float32Array {
  const positions = layers[0]?.flow?.positions;
  if (!positions || positions.every((position, i) => position === i)) return values;
  const out = new Float32Array(values.length);
  for (let start = 0; start < out.length; start += size)
    putAt(values.subarray(start, start + size), positions, out.subarray(start));
  return out;
}

/** Place in the flow's input of each element of z; undefined where z has the order of the input. */
export function latentPlaces(model: InspectedFlow): Int32Array | undefined {
  if (model.latentPositions) return model.latentPositions;
  // Latents of images are at their places already.
  if (model.config.kind === 'image') return undefined;
  // The last layer keeps the order of its input.
  const last = model.layers[model.layers.length - 1]?.flow;
  return last?.positions.length === model.dimensions ? last.positions : undefined;
}
