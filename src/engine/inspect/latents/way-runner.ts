import { contextFeed } from '../../model/context';
import type { InspectedFlow } from '../../model/inspected-flow';
import type { FlowRunner, InverseBatch } from '../../model/runner';

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
    positions.forEach((position, i) => (out[start + position] = values[start + i]!));
  return out;
}
