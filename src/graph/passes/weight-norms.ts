/** Weights v · g / ‖v‖, norms being over all axes but the last, which PyTorch has in one operator. */
import { type Node, producersOf, rewrite } from '../ir';
import { pass } from './pass';

/** Takes v and g. */
export const weightNorm = 'WeightNorm';

export const takeWeightNorms = pass('weight norms', (graph) => {
  const producers = producersOf(graph);
  const made = (id: number | undefined, op: string): Node | undefined => {
    const node = id === undefined ? undefined : producers.get(id);
    return node?.op === op ? node : undefined;
  };
  const rank = (id: number): number => graph.values.get(id)!.shape.length;
  /** Whether a value is 1 / ‖v‖. */
  const isPerLength = (id: number, v: number): boolean => {
    const sum = made(made(id, 'Rsqrt')?.inputs[0], 'Sum');
    const axes = sum?.attrs['axis'] as number[] | undefined;
    return made(sum?.inputs[0], 'Square')?.inputs[0] === v && axes?.length === rank(v) - 1 && rank(id) === 1;
  };
  return rewrite(graph, (node, { resolve, add }, type) => {
    if (node.op !== 'Multiply') return undefined;
    for (const [v, factor] of eitherWay(node)) {
      for (const [g, perLength] of eitherWay(made(factor, 'Multiply'))) {
        if (rank(g) !== 1 || !isPerLength(perLength, v)) continue;
        return [add(weightNorm, [resolve(v), resolve(g)], type)];
      }
    }
    return undefined;
  });
});

function eitherWay(product: Node | undefined): [number, number][] {
  if (!product) return [];
  const [a, b] = product.inputs as [number, number];
  return [
    [a, b],
    [b, a],
  ];
}
