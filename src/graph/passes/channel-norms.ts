import { type ConstantData, type Graph, type Node, consumersOf, producersOf, rewrite } from '../ir';
import { pass } from './pass';

/** x · scale + shift with one number of each for each channel (axis 1 of NCHW); inputs x, scale [C], shift [C]. */
export const channelNorm = 'ChannelNorm';

/**
 * x · scale [+ shift] for each channel of NCHW on its way into a ReLU or a convolution becomes one ChannelNorm. ONNX
 * Runtime keeps its convolutions' blocked layout through it and runs the ReLU with it, where a product and a sum that
 * broadcast cost a reordering each way and three passes over memory.
 */
export const joinChannelNorms = pass('channel norms', (graph) => {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  return rewrite(graph, ({ outputs: [output] }, { recorder, constantNames, resolve, add, named }, type) => {
    // As it was: what it takes may have been replaced by values that the old graph does not know.
    const node = producers.get(output!)!;
    const [, channels] = type.shape;
    if (type.shape.length !== 4 || type.dtype !== 'float32') return undefined;
    const next = consumers.get(node.outputs[0]!) ?? [];
    if (!next.some(({ op }) => op === 'Relu' || op === 'Conv2D')) return undefined;

    const sum = node.op === 'Add' ? withConstant(node, graph) : undefined;
    const before = sum ? producers.get(sum.x) : node;
    const product = before?.op === 'Multiply' ? withConstant(before, graph) : undefined;
    if (!product) return undefined;

    const vector = (id: number | undefined): number => {
      const data = id === undefined ? Float32Array.of(0) : graph.constants.get(id)!;
      const full = data.length === channels ? data : new Float32Array(channels!).fill(data[0]!);
      const name = id === undefined ? undefined : constantNames.get(id);
      return named(recorder.addConstant(full, [channels!], 'float32'), name);
    };
    const inputs = [resolve(product.x), vector(product.constant), vector(sum?.constant)];
    return [add(channelNorm, inputs, type)];
  });
});

/** The two operands of a sum or product, one of which is a constant: a number, or one for each channel of NCHW. */
function withConstant({ inputs, outputs }: Node, graph: Graph): { x: number; constant: number } | undefined {
  const [, channels] = graph.values.get(outputs[0]!)!.shape;
  const suits = (id: number): boolean => {
    const data: ConstantData | undefined = graph.constants.get(id);
    const { shape } = graph.values.get(id)!;
    return data?.length === 1 || (data?.length === channels && shape.join() === `1,${channels},1,1`);
  };
  const [a, b] = inputs as [number, number];
  if (suits(b)) return { x: a, constant: b };
  return suits(a) ? { x: b, constant: a } : undefined;
}
