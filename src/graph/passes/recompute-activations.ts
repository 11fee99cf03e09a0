import { entryOf } from '../../base/kept';
import { batchNormTraining } from '../../flow/nets/batch-norm-training';
import { renewedActivation } from '../kernels/normalization';
import { type Graph, type Node, consumersOf, producersOf, rewrite } from '../ir';
import { sizeOf } from '../../base/shape';
import { pass, type Pass } from './pass';

/** 1 MB: below, calls dominate a step, and memory does not matter. */
const worthwhile = 2 ** 18;

/**
 * In a training step: the positive part of a batch norm is computed once more when its gradient comes, of what the norm's own
 * gradient has to keep anyway, in one pass over memory. Kept from the way forward it would be half of all that a conditioner
 * of convolutions keeps.
 * @param options.leastValues that make an activation worth it
 * @param options.waits whether the backend has to be told to wait for the gradient, and can be; one that goes back from the results
 *   comes to it when it is needed, as long as it is written before what comes on the way back
 */
export const recomputeActivations = ({
  waits,
  leastValues = worthwhile,
}: {
  waits: boolean;
  leastValues?: number;
}): Pass =>
  pass('recomputed activations', (graph) => {
    const renewals = renewalsOf(graph, leastValues);
    if (renewals.size === 0) return graph;
    const renewed = new Map<number, number>();
    return rewrite(graph, (node, { recorder, add }) => {
      const renew = (id: number, after: readonly number[]): number =>
        entryOf(renewed, id, () => {
          const { norm, scope } = renewals.get(id)!;
          const from = [...norm.inputs, ...norm.outputs.slice(1), ...after];
          return add(renewedActivation, from, graph.values.get(id)!, norm.attrs, scope);
        });
      const isKept = (id: number, i: number): boolean => renewals.has(id) && isGradientOf(node, i);
      const inputs = node.inputs.map((id, i) =>
        isKept(id, i) ? renew(id, waits ? [arriving(node)] : []) : id,
      );
      for (const id of node.outputs) recorder.values.set(id, graph.values.get(id)!);
      recorder.nodes.push({ ...node, inputs });
      if (!waits && renewals.has(node.outputs[0]!)) renew(node.outputs[0]!, []);
      return node.outputs;
    });
  });

function renewalsOf(graph: Graph, leastValues: number) {
  const producers = producersOf(graph);
  const consumers = consumersOf(graph);
  const results = new Set(graph.outputs.map(({ value }) => value));
  const renewals = new Map<number, { norm: Node; scope: string }>();
  for (const { op, inputs, outputs, scope } of graph.nodes) {
    const [output] = outputs as [number];
    if (op !== 'Relu' || sizeOf(graph.values.get(output)!.shape) < leastValues) continue;
    const [y] = inputs as [number];
    const norm = producers.get(y);
    if (norm?.op !== batchNormTraining || norm.outputs[0] !== y || results.has(output)) continue;
    const kept = (consumers.get(output) ?? []).some((node) =>
      node.inputs.some((id, i) => id === output && isGradientOf(node, i)),
    );
    if (kept) renewals.set(output, { norm, scope });
  }
  return renewals;
}

/** Whether an operation of the way back takes its input `i` from the way forward. */
function isGradientOf({ op }: Node, i: number): boolean {
  return (op === 'Conv2DBackpropFilter' && i === 0) || (op === 'ReluGrad' && i === 1);
}

const arriving = ({ op, inputs }: Node): number => inputs[op === 'ReluGrad' ? 0 : 1]!;
