import type { InspectedFlow } from '../model/inspected-flow';
import type { FlowRunner, InverseBatch } from '../use/runner';

/** Values of all layers that are worth moving for it. */
const largestWay = 2 ** 20;

/**
 * Decodes small sets through the graph that the way from z to x needs too: one compilation less to wait for.
 * @param count latents that are going to be decoded
 */
export async function wayRunner(model: InspectedFlow, count: number): Promise<FlowRunner> {
  if (count * model.dimensions * model.layers.length > largestWay) return model.runner;
  const program = await model.programs.way();
  const inverse = async (z: Float32Array, n: number): Promise<InverseBatch> => {
    const out = await program.run({ z: { shape: [n, ...model.flow.outputShape], data: z } });
    return { x: out['0']!.data as Float32Array, logDet: new Float32Array(n).fill(NaN) };
  };
  return { ...model.runner, inverse };
}
