/** Several graphs over shared variables as one SavedModel. */
import type { Graph, Node, Port } from '../ir';
import { runPasses } from '../passes/pass';
import { tensorFlowStateful, tensorFlowProgram } from '../pipelines/pipelines';
import { savedModel, boolAttribute, typeAttribute, shapeAttribute } from './messages';
import { addVariable, type StateSpec, type StateVariable, addSignal } from './variables';
import { GraphDefWriter, FunctionWriter } from './writer';
import { arrangeRules } from '../kernels/arrange';
import { reduceRules } from '../kernels/reduce';
import { checkState, isState, stateName } from '../state-ports';
import { emitTensorFlow } from './operators';

/**
 * Graph inputs named `state:NAME` read that state; outputs of such a name are assigned to it, after all reads. Everything
 * else is fed and fetched. Each tensor of state is a variable, so many small ones are slow: give few long vectors.
 *
 * @throws UserError when a graph uses state that is not listed, or in another shape.
 */
export function writeStateful(state: readonly StateSpec[], functions: Readonly<Record<string, Graph>>) {
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

const float = typeAttribute('float32');

/** One function over variables: reads first, then the graph, then updates. */
function addStatefulFunction(
  target: GraphDefWriter,
  name: string,
  graph: Graph,
  variables: ReadonlyMap<string, StateVariable>,
) {
  checkState(variables, name, graph);
  const writer = new FunctionWriter(target, graph, name);
  const isOutside = (port: Port): boolean => !isState(port);
  const feeds = addPlaceholders(writer, graph.inputs.filter(isOutside));
  const adams = inPlaceAdams(graph);
  const reads = addReads(writer, adams, variables);
  const updates: string[] = [];
  for (const node of graph.nodes) {
    const states = adams.get(node)?.map((state) => variables.get(state)!);
    if (states) updates.push(addAdam(writer, node, states, reads));
    else emitTensorFlow(node, writer);
  }
  updates.push(...addAssignments(writer, adams, variables, reads));
  const done = addSignal(target, `${name}/done`, updates);
  const fetches = addFetches(writer, graph.outputs.filter(isOutside), [`^${done}`]);
  // A session runs only what leads to something fetched.
  if (fetches.size === 0) fetches.set('done', done);
  return { feeds, fetches };
}

/** Nodes that update a parameter and its two moments in place, with the names of these three. */
type InPlaceAdams = ReadonlyMap<Node, readonly string[]>;

function inPlaceAdams(graph: Graph): InPlaceAdams {
  const inputs = new Map(graph.inputs.filter(isState).map((port) => [port.value, stateName(port)]));
  const outputs = new Map(graph.outputs.filter(isState).map((port) => [stateName(port), port.value]));
  const found = new Map<Node, string[]>();
  for (const node of graph.nodes) {
    if (node.op !== 'FusedAdam') continue;
    const names = node.inputs.slice(0, 3).map((id) => inputs.get(id));
    const inPlace = names.every((name, i) => name !== undefined && outputs.get(name) === node.outputs[i]);
    const scalars = node.inputs.slice(4).every((id) => graph.values.get(id)!.shape.length === 0);
    if (inPlace && scalars && new Set(names).size === 3) found.set(node, names as string[]);
  }
  return found;
}

/** Reads the state that something other than an update in place needs. Returns the read of each, by name. */
function addReads(
  writer: FunctionWriter,
  adams: InPlaceAdams,
  variables: ReadonlyMap<string, StateVariable>,
): Map<string, string> {
  const { graph } = writer;
  const used = new Set(graph.outputs.map(({ value }) => value));
  for (const node of graph.nodes)
    for (const id of adams.has(node) ? node.inputs.slice(3) : node.inputs) used.add(id);
  writer.enter('read');
  const reads = new Map<string, string>();
  for (const port of graph.inputs.filter(isState)) {
    if (!used.has(port.value)) continue;
    const { name, handle } = variables.get(stateName(port))!;
    const read = writer.add('ReadVariableOp', [handle], { dtype: float });
    reads.set(name, read);
    writer.setName(port.value, read);
  }
  return reads;
}

/** What has to run before a variable may change, as a control input. */
function afterRead({ name }: StateVariable, reads: ReadonlyMap<string, string>): string[] {
  const read = reads.get(name);
  return read === undefined ? [] : [`^${read}`];
}

function addAdam(
  writer: FunctionWriter,
  node: Node,
  states: readonly StateVariable[],
  reads: ReadonlyMap<string, string>,
): string {
  writer.enter('update');
  const [gradient, learningRate, beta1Power, beta2Power] = node.inputs
    .slice(3)
    .map((id) => writer.nameOf(id));
  const constant = (key: string): string => writer.scalar(node.attrs[key] as number, 'float32');
  const inputs = [
    ...states.map(({ handle }) => handle),
    beta1Power!,
    beta2Power!,
    learningRate!,
    constant('beta1'),
    constant('beta2'),
    constant('epsilon'),
    gradient!,
    ...states.flatMap((state) => afterRead(state, reads)),
  ];
  const apply = writer.add('ResourceApplyAdam', inputs, {
    T: float,
    use_locking: boolAttribute(false),
    use_nesterov: boolAttribute(false),
  });
  // Whoever uses a new value (a moving average) reads the variable after its update. A session leaves out unused reads.
  states.forEach(({ handle }, i) =>
    writer.setName(node.outputs[i]!, writer.add('ReadVariableOp', [handle, `^${apply}`], { dtype: float })),
  );
  return apply;
}

/** Assigns what changes and is not updated in place. */
function addAssignments(
  writer: FunctionWriter,
  adams: InPlaceAdams,
  variables: ReadonlyMap<string, StateVariable>,
  reads: ReadonlyMap<string, string>,
): string[] {
  const { graph } = writer;
  writer.enter('update');
  const inPlace = new Set([...adams.values()].flat());
  const shared = sharedMemory(graph, adams);
  const unchanged = new Map(graph.inputs.map(({ name, value }) => [name, value]));
  return graph.outputs
    .filter(
      (port) => isState(port) && !inPlace.has(stateName(port)) && unchanged.get(port.name) !== port.value,
    )
    .map((port) => {
      const variable = variables.get(stateName(port))!;
      const next = writer.nameOf(port.value);
      const value = shared.has(port.value) ? writer.add('DeepCopy', [next], { T: float }) : next;
      const inputs = [variable.handle, value, ...afterRead(variable, reads)];
      return writer.add('AssignVariableOp', inputs, { dtype: float });
    });
}

/** Values that may share the memory of a feed or of another variable, which no variable may keep. */
function sharedMemory(graph: Graph, adams: InPlaceAdams): Set<number> {
  const shared = new Set(graph.inputs.map(({ value }) => value));
  for (const node of graph.nodes) {
    // TensorFlow hands memory on where a kernel moves no element: in reshapes, stretches of the first axis, sums over one.
    const handsOn = node.op in arrangeRules || node.op in reduceRules;
    if (adams.has(node) || (handsOn && node.inputs.some((id) => shared.has(id))))
      for (const id of node.outputs) shared.add(id);
  }
  return shared;
}

/** Where a session's graph is fed and fetched; keys are the names of the graph's ports. */
export type FunctionPorts = ReturnType<typeof addStatefulFunction>;

export function writeProgram(graph: Graph): { bytes: Uint8Array; ports: FunctionPorts } {
  const optimized = runPasses(graph, tensorFlowProgram);
  const target = new GraphDefWriter();
  const writer = new FunctionWriter(target, optimized, 'program');
  const feeds = addPlaceholders(writer, optimized.inputs);
  for (const node of optimized.nodes) emitTensorFlow(node, writer);
  const fetches = addFetches(writer, optimized.outputs);
  return { bytes: savedModel(target.nodes), ports: { feeds, fetches } };
}

function addPlaceholders(writer: FunctionWriter, ports: readonly Port[]) {
  const feeds = ports.map(({ name, value }) => {
    const { shape, dtype } = writer.typeOf(value);
    writer.enter(`input/${name}`);
    const dims = shape.map((dim) => (writer.isDynamic(dim) ? -1 : dim));
    const attributes = { dtype: typeAttribute(dtype), shape: shapeAttribute(dims) };
    const placeholder = writer.add('Placeholder', [], attributes);
    writer.setName(value, placeholder);
    return [name, placeholder] as const;
  });
  return new Map(feeds);
}

/** @param after what has to run before anything is fetched, as control inputs */
function addFetches(writer: FunctionWriter, ports: readonly Port[], after: readonly string[] = []) {
  writer.enter('output');
  const fetches = ports.map(({ name, value }) => {
    const type = { T: typeAttribute(writer.typeOf(value).dtype) };
    return [name, writer.add('Identity', [writer.nameOf(value), ...after], type)] as const;
  });
  return new Map(fetches);
}
