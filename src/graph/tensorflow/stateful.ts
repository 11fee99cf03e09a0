/** Several graphs over shared variables as one SavedModel. */
import type { Graph } from '../ir';
import { runPasses } from '../passes/pass';
import { tensorFlowStateful } from '../pipelines/pipelines';
import { savedModel } from './messages';
import type { FunctionPorts } from './program';
import { addStatefulFunction } from './stateful-function';
import { addVariable, type StateSpec, type StateVariable } from './variables';
import { GraphDefWriter } from './writer';

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
  const writer = new GraphDefWriter();
  const variables = new Map(state.map((spec) => [spec.name, addVariable(writer, spec)]));
  const ports = new Map(
    Object.entries(functions).map(([name, graph]) => [
      name,
      addStatefulFunction(writer, name, runPasses(graph, tensorFlowStateful), variables),
    ]),
  );
  return { bytes: savedModel(writer.nodes), variables, functions: ports };
}
