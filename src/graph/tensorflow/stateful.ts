/** Several graphs over shared variables as one SavedModel. */
import { UserError } from '../../config/user-error';
import type { Graph, Node, Port } from '../ir';
import { optimize } from '../passes/optimize';
import { sameShape, showShape } from '../shape';
import {
  boolAttribute,
  savedModel,
  shapeAttribute,
  tensorAttribute,
  textAttribute,
  typeAttribute,
} from './messages';
import { emitTensorFlow } from './operators';
import { addPlaceholder, type FunctionPorts } from './program';
import { FunctionWriter, GraphDefWriter } from './writer';

/** Inputs and outputs of this prefix are state. */
const statePrefix = 'state:';

export interface StateSpec {
  name: string;
  shape: readonly number[];
}

export interface StateAccess {
  shape: readonly number[];
  /** Feed `value` and fetch `assigned` to set it; fetch `read` to get it. */
  value: string;
  assigned: string;
  read: string;
}

export interface StatefulModel {
  bytes: Uint8Array;
  state: Map<string, StateAccess>;
  functions: Map<string, FunctionPorts>;
}

interface Variable {
  shape: readonly number[];
  handle: string;
}

const float = typeAttribute('float32');

export function writeStateful(
  state: readonly StateSpec[],
  functions: Readonly<Record<string, Graph>>,
): StatefulModel {
  const target = new GraphDefWriter();
  const variables = new Map<string, Variable>();
  const access = new Map<string, StateAccess>();
  for (const { name, shape } of state) {
    const at = `state/${name}`;
    const handle = target.add(at, 'VarHandleOp', [], {
      dtype: float,
      shape: shapeAttribute(shape),
      shared_name: textAttribute(name),
      container: textAttribute(''),
    });
    variables.set(name, { shape, handle });
    access.set(name, { shape, ...addAccess(target, at, shape, handle) });
  }
  const ports = new Map(
    Object.entries(functions).map(([name, graph]) => [
      name,
      addFunction(target, name, optimize(graph), variables),
    ]),
  );
  return { bytes: savedModel(target.nodes), state: access, functions: ports };
}

function addAccess(
  target: GraphDefWriter,
  at: string,
  shape: readonly number[],
  handle: string,
): Omit<StateAccess, 'shape'> {
  const value = target.add(`${at}/value`, 'Placeholder', [], { dtype: float, shape: shapeAttribute(shape) });
  const assign = addAssign(target, at, handle, addCopy(target, at, value));
  const assigned = addSignal(target, `${at}/assigned`, [assign]);
  const read = target.add(`${at}/read`, 'ReadVariableOp', [handle], { dtype: float });
  return { value, assigned, read };
}

function addAssign(
  target: GraphDefWriter,
  at: string,
  handle: string,
  value: string,
  after: readonly string[] = [],
): string {
  return target.add(`${at}/assign`, 'AssignVariableOp', [handle, value, ...after.map((name) => `^${name}`)], {
    dtype: float,
  });
}

/**
 * A variable must not keep memory that was fed: its owner may write to it, and only the JavaScript thread may let go of
 * it. (An Identity would share it, and additions of zero are optimized away.)
 */
function addCopy(target: GraphDefWriter, at: string, value: string): string {
  return target.add(`${at}/copy`, 'DeepCopy', [value], { T: float });
}

/** Something to fetch that exists only after the given nodes have run. */
function addSignal(target: GraphDefWriter, at: string, after: readonly string[]): string {
  const value = target.add(`${at}/value`, 'Const', [], {
    dtype: float,
    value: tensorAttribute(Float32Array.of(1), [], 'float32'),
  });
  return target.add(at, 'Identity', [value, ...after.map((name) => `^${name}`)], { T: float });
}

function addFunction(
  target: GraphDefWriter,
  name: string,
  graph: Graph,
  variables: ReadonlyMap<string, Variable>,
): FunctionPorts {
  const writer = new FunctionWriter(target, graph, name);
  const isState = (port: Port): boolean => port.name.startsWith(statePrefix);
  const variableOf = (port: Port): Variable => findVariable(port, graph, name, variables);
  const stateInputs = new Map(graph.inputs.filter(isState).map((port) => [port.value, variableOf(port)]));
  const stateOutputs = graph.outputs
    .filter(isState)
    .map((port) => ({ value: port.value, variable: variableOf(port) }));
  const adams = new Map(
    graph.nodes.flatMap((node) => {
      const slots = adamSlots(node, graph, stateInputs, stateOutputs);
      return slots ? [[node, slots] as const] : [];
    }),
  );

  const feeds = new Map(
    graph.inputs
      .filter((port) => !isState(port))
      .map((port) => [port.name, addPlaceholder(writer, port.name, port.value)]),
  );
  const reads = addReads(writer, graph, stateInputs, adams);
  const readsOf = ({ handle }: Variable): string[] => (reads.has(handle) ? [reads.get(handle)!] : []);

  const updates: string[] = [];
  const applied = new Set<number>();
  for (const node of graph.nodes) {
    const slots = adams.get(node);
    if (!slots) {
      emitTensorFlow(node, writer);
      continue;
    }
    const apply = addAdam(writer, node, slots, slots.flatMap(readsOf));
    updates.push(apply);
    node.outputs.forEach((id, i) => {
      applied.add(id);
      // Whoever uses the new value (a moving average) reads the variable after its update.
      if (isUsed(id, graph))
        writer.setName(id, writer.add('ReadVariableOp', [slots[i]!.handle, `^${apply}`], { dtype: float }));
    });
  }
  writer.enter('update');
  const shared = fedMemory(graph, stateInputs);
  for (const { value, variable } of stateOutputs) {
    if (applied.has(value) || stateInputs.get(value) === variable) continue;
    const at = `${name}/update`;
    const source = shared.has(value) ? addCopy(target, at, writer.nameOf(value)) : writer.nameOf(value);
    updates.push(addAssign(target, at, variable.handle, source, readsOf(variable)));
  }
  const done = addSignal(target, `${name}/done`, updates);
  writer.enter('output');
  const fetches = new Map(
    graph.outputs
      .filter((port) => !isState(port))
      .map((port) => [
        port.name,
        writer.add('Identity', [writer.nameOf(port.value), `^${done}`], {
          T: typeAttribute(writer.typeOf(port.value).dtype),
        }),
      ]),
  );
  // A session runs only what leads to something fetched.
  if (fetches.size === 0) fetches.set('done', done);
  return { feeds, fetches };
}

function findVariable(
  port: Port,
  graph: Graph,
  name: string,
  variables: ReadonlyMap<string, Variable>,
): Variable {
  const variable = variables.get(port.name.slice(statePrefix.length));
  if (!variable)
    throw new UserError(`The function "${name}" uses "${port.name}", which is not among the state.`);
  const { shape } = graph.values.get(port.value)!;
  if (!sameShape(shape, variable.shape)) {
    throw new UserError(
      `"${port.name}" of the function "${name}" has shape ${showShape(shape)}; the state has ${showShape(variable.shape)}.`,
    );
  }
  return variable;
}

type StateOutput = { value: number; variable: Variable };

/** The variables for param, m and v, when this node updates state in place. */
function adamSlots(
  { op, inputs, outputs }: Node,
  graph: Graph,
  stateInputs: ReadonlyMap<number, Variable>,
  stateOutputs: readonly StateOutput[],
): Variable[] | undefined {
  if (op !== 'FusedAdam') return undefined;
  const slots = inputs.slice(0, 3).map((id) => stateInputs.get(id));
  const inPlace = slots.every((slot, i) => {
    const assigned = stateOutputs.filter(({ variable }) => variable === slot);
    return slot !== undefined && assigned.length === 1 && assigned[0]!.value === outputs[i];
  });
  const scalars = inputs.slice(4).every((id) => graph.values.get(id)!.shape.length === 0);
  return inPlace && scalars ? (slots as Variable[]) : undefined;
}

/** Reads the state that is used as a value: by anything but the first three inputs of a fused Adam. By handle. */
function addReads(
  writer: FunctionWriter,
  graph: Graph,
  stateInputs: ReadonlyMap<number, Variable>,
  adams: ReadonlyMap<Node, Variable[]>,
): Map<string, string> {
  const used = new Set(graph.outputs.map(({ value }) => value));
  for (const node of graph.nodes) {
    for (const id of adams.has(node) ? node.inputs.slice(3) : node.inputs) used.add(id);
  }
  writer.enter('read');
  const reads = new Map<string, string>();
  for (const [value, { handle }] of stateInputs) {
    if (!used.has(value)) continue;
    const read = writer.add('ReadVariableOp', [handle], { dtype: float });
    writer.setName(value, read);
    reads.set(handle, read);
  }
  return reads;
}

function addAdam(
  writer: FunctionWriter,
  node: Node,
  slots: readonly Variable[],
  after: readonly string[],
): string {
  const [gradient, learningRate, beta1Power, beta2Power] = node.inputs
    .slice(3)
    .map((id) => writer.nameOf(id));
  const constant = (key: string): string => writer.scalar(node.attrs[key] as number, 'float32');
  writer.enter(node.scope || 'update');
  const inputs = [
    ...slots.map(({ handle }) => handle),
    beta1Power!,
    beta2Power!,
    learningRate!,
    constant('beta1'),
    constant('beta2'),
    constant('epsilon'),
    gradient!,
    ...after.map((name) => `^${name}`),
  ];
  return writer.add('ResourceApplyAdam', inputs, {
    T: float,
    use_locking: boolAttribute(false),
    use_nesterov: boolAttribute(false),
  });
}

function isUsed(id: number, graph: Graph): boolean {
  return (
    graph.nodes.some(({ inputs }) => inputs.includes(id)) ||
    graph.outputs.some(({ name, value }) => value === id && !name.startsWith(statePrefix))
  );
}

/** Values that may share the memory of a feed or of another variable. */
function fedMemory(graph: Graph, stateInputs: ReadonlyMap<number, Variable>): Set<number> {
  const shared = new Set([...graph.inputs.map(({ value }) => value), ...stateInputs.keys()]);
  for (const { op, inputs, outputs } of graph.nodes) {
    if ((op === 'Reshape' || op === 'ExpandDims') && shared.has(inputs[0]!)) shared.add(outputs[0]!);
  }
  return shared;
}
