/** Several graphs over shared variables as one SavedModel. */
import type { Graph } from '../ir';
import { mergeCommonSubexpressions } from '../passes/common-subexpressions';
import { removeDeadCode } from '../passes/dead-code';
import { expandBatchNorm } from '../passes/expand-batch-norm';
import { optimize } from '../passes/optimize';
import { recomputeActivations } from '../passes/recompute-activations';
import { tileTraining } from '../winograd/tile-training';
import { savedModel, shapeAttribute, textAttribute, typeAttribute } from './messages';
import { multiplyPointwise } from './pointwise-products';
import type { FunctionPorts } from './program';
import { addSignal } from './signal';
import { layOutState, type StateLayout, type StateSpec, type StateVector } from './state-layout';
import { addStatefulFunction } from './stateful-function';
import { GraphDefWriter } from './writer';

/** Of fewer, convolutions in tiles take as long as TensorFlow's own, or longer. */
const tiledChannels = 128;

/** Fused normalization takes longer for fewer than its parts together: 0.24 ms for 4096 values of one channel. */
const fusedChannels = 8;

export interface VectorAccess {
  /** Feed `value` and fetch `assigned` to set the whole vector; fetch `read` to get it. */
  value: string;
  assigned: string;
  read: string;
}

export interface StatefulModel {
  bytes: Uint8Array;
  layout: StateLayout;
  access: ReadonlyMap<StateVector, VectorAccess>;
  functions: ReadonlyMap<string, FunctionPorts>;
}

const float = typeAttribute('float32');

/**
 * Graph inputs named `state:NAME` read that state; outputs of such a name are assigned to it, after all reads. Everything
 * else is fed and fetched.
 *
 * @throws UserError when a graph uses state that is not listed, or in another shape.
 */
export function writeStateful(
  state: readonly StateSpec[],
  functions: Readonly<Record<string, Graph>>,
): StatefulModel {
  const graphs = Object.entries(functions).map(([name, graph]) => [name, arrange(graph)] as const);
  const layout = layOutState(
    state,
    graphs.map(([, graph]) => graph),
  );
  const target = new GraphDefWriter();
  const handles = new Map(layout.vectors.map((vector) => [vector, addVariable(target, vector)]));
  const access = new Map([...handles].map(([vector, handle]) => [vector, addAccess(target, vector, handle)]));
  const ports = new Map(
    graphs.map(([name, graph]) => [name, addStatefulFunction(target, name, graph, layout, handles)]),
  );
  return { bytes: savedModel(target.nodes), layout, access, functions: ports };
}

function addVariable(target: GraphDefWriter, { name, size }: StateVector): string {
  return target.add(`state/${name}`, 'VarHandleOp', [], {
    dtype: float,
    shape: shapeAttribute([size]),
    shared_name: textAttribute(name),
    container: textAttribute(''),
  });
}

function addAccess(target: GraphDefWriter, { name, size }: StateVector, handle: string): VectorAccess {
  const at = `state/${name}`;
  const value = target.add(`${at}/value`, 'Placeholder', [], { dtype: float, shape: shapeAttribute([size]) });
  // A variable must not keep memory that was fed: only the JavaScript thread may let go of it. (An Identity would share
  // it, and an addition of zero is optimized away.)
  const copy = target.add(`${at}/copy`, 'DeepCopy', [value], { T: float });
  const assign = target.add(`${at}/assign`, 'AssignVariableOp', [handle, copy], { dtype: float });
  const assigned = addSignal(target, `${at}/assigned`, [assign]);
  const read = target.add(`${at}/read`, 'ReadVariableOp', [handle], { dtype: float });
  return { value, assigned, read };
}

/** The graph as TensorFlow gets it: all passes done. */
function arrange(graph: Graph): Graph {
  const norms = mergeCommonSubexpressions(expandBatchNorm({ below: fusedChannels })(optimize(graph)));
  const recomputed = recomputeActivations({ waits: true })(norms);
  return removeDeadCode(multiplyPointwise(tileTraining({ leastChannels: tiledChannels })(recomputed)));
}
