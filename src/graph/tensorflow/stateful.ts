/** Several graphs over shared variables as one SavedModel. */
import type { Graph } from '../ir';
import { mergeCommonSubexpressions } from '../passes/common-subexpressions';
import { removeDeadCode } from '../passes/dead-code';
import { expandBatchNorm } from '../passes/expand-batch-norm';
import { optimize } from '../passes/optimize';
import { recomputeActivations } from '../passes/recompute-activations';
import { tileTraining } from '../winograd/tile-training';
import { savedModel } from './messages';
import { multiplyPointwise } from './pointwise-products';
import type { FunctionPorts } from './program';
import { addStatefulFunction } from './stateful-function';
import { addVariable, type StateSpec, type StateVariable } from './variables';
import { GraphDefWriter } from './writer';

/** Of fewer, convolutions in tiles take as long as TensorFlow's own, or longer. */
const tiledChannels = 128;

/** Fused normalization takes longer for fewer than its parts together: 0.24 ms for 4096 values of one channel. */
const fusedChannels = 8;

export interface StatefulModel {
  bytes: Uint8Array;
  variables: ReadonlyMap<string, StateVariable>;
  functions: ReadonlyMap<string, FunctionPorts>;
}

/**
 * Graph inputs named `state:NAME` read that state; outputs of such a name are assigned to it, after all reads. Everything
 * else is fed and fetched. Each tensor of state is a variable, so many small ones are slow: give few long vectors.
 *
 * @throws UserError when a graph uses state that is not listed, or in another shape.
 */
export function writeStateful(
  state: readonly StateSpec[],
  functions: Readonly<Record<string, Graph>>,
): StatefulModel {
  const target = new GraphDefWriter();
  const variables = new Map(state.map((spec) => [spec.name, addVariable(target, spec)]));
  const ports = new Map(
    Object.entries(functions).map(([name, graph]) => [
      name,
      addStatefulFunction(target, name, arrange(graph), variables),
    ]),
  );
  return { bytes: savedModel(target.nodes), variables, functions: ports };
}

/** The graph as TensorFlow gets it: all passes done. */
function arrange(graph: Graph): Graph {
  const norms = mergeCommonSubexpressions(expandBatchNorm({ below: fusedChannels })(optimize(graph)));
  const recomputed = recomputeActivations({ waits: true })(norms);
  return removeDeadCode(multiplyPointwise(tileTraining({ leastChannels: tiledChannels })(recomputed)));
}
