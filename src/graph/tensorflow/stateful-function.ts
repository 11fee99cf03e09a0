/** One function over packed state: reads first, then the graph, then updates. */
import type { Graph, Node } from '../ir';
import { boolAttribute, intAttribute, typeAttribute } from './messages';
import { emitTensorFlow } from './operators';
import { addPlaceholder, type FunctionPorts } from './program';
import { inPlaceAdams, memberOf, type Member, type StateLayout, type StateVector } from './state-layout';
import { addSignal } from './signal';
import { isState } from '../state-ports';
import { FunctionWriter, type GraphDefWriter } from './writer';

const float = typeAttribute('float32');

export function addStatefulFunction(
  target: GraphDefWriter,
  name: string,
  graph: Graph,
  layout: StateLayout,
  handles: ReadonlyMap<StateVector, string>,
): FunctionPorts {
  const writer = new FunctionWriter(target, graph, name);
  const inputs = new Map(
    graph.inputs.filter(isState).map((port) => [port.value, memberOf(port, graph, name, layout)]),
  );
  const outputs = graph.outputs
    .filter(isState)
    .map(({ name: port, value }) => ({ value, member: memberOf({ name: port, value }, graph, name, layout) }))
    .filter(({ value, member }) => inputs.get(value) !== member);
  const feeds = new Map(
    graph.inputs
      .filter((port) => !isState(port))
      .map((port) => [port.name, addPlaceholder(writer, port.name, port.value)]),
  );

  const reader = new StateReader(writer, handles);
  const adam = findAdam(graph, layout);
  writer.enter('read');
  const used = usedValues(graph, adam);
  for (const [value, member] of inputs) if (used.has(value)) writer.setName(value, reader.read(member));

  const updates: string[] = [];
  const later = dependents(graph, adam);
  for (const node of graph.nodes) if (!adam.has(node) && !later.has(node)) emitTensorFlow(node, writer);
  if (adam.size > 0) {
    const apply = addAdam(writer, adam, layout.adam!, handles, reader);
    updates.push(apply);
    nameResults(writer, adam, layout, new StateReader(writer, handles, apply));
  }
  for (const node of graph.nodes) if (later.has(node)) emitTensorFlow(node, writer);

  const byAdam = new Set([...adam.keys()].flatMap((node) => node.outputs));
  const others = outputs.filter(({ value }) => !byAdam.has(value));
  updates.push(...addUpdates(writer, others, handles, reader));
  const done = addSignal(target, `${name}/done`, updates);
  writer.enter('output');
  const fetches = new Map(
    graph.outputs
      .filter((port) => !isState(port))
      .map(({ name: port, value }) => [
        port,
        writer.add('Identity', [writer.nameOf(value), `^${done}`], {
          T: typeAttribute(writer.typeOf(value).dtype),
        }),
      ]),
  );
  // A session runs only what leads to something fetched.
  if (fetches.size === 0) fetches.set('done', done);
  return { feeds, fetches };
}

/** Reads vectors of state and cuts them into their members, each once. */
class StateReader {
  private readonly reads = new Map<StateVector, string>();
  private readonly splits = new Map<StateVector, string>();
  private readonly shaped = new Map<Member, string>();

  constructor(
    private readonly writer: FunctionWriter,
    private readonly handles: ReadonlyMap<StateVector, string>,
    private readonly after?: string,
  ) {}

  /** The member in its own shape. */
  read(member: Member): string {
    return remember(this.shaped, member, () => {
      const flat = this.flat(member);
      return member.shape.length === 1 ? flat : reshape(this.writer, flat, member.shape);
    });
  }

  /** The member as a vector. */
  flat(member: Member): string {
    const { vector } = member;
    const index = vector.members.indexOf(member);
    const split = remember(this.splits, vector, () => {
      const read = remember(this.reads, vector, () => {
        const control = this.after === undefined ? [] : [`^${this.after}`];
        return this.writer.add('ReadVariableOp', [this.handles.get(vector)!, ...control], { dtype: float });
      });
      if (vector.members.length === 1) return read;
      const sizes = this.writer.ints(vector.members.map(({ size }) => size));
      return this.writer.add('SplitV', [read, sizes, this.writer.scalar(0, 'int32')], {
        T: float,
        Tlen: typeAttribute('int32'),
        num_split: intAttribute(vector.members.length),
      });
    });
    return index === 0 ? split : `${split}:${index}`;
  }

  /** What has to run before the vector may change. */
  readsOf(vector: StateVector): string[] {
    const read = this.reads.get(vector);
    return read === undefined ? [] : [read];
  }
}

function remember<K>(known: Map<K, string>, key: K, make: () => string): string {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

function reshape(writer: FunctionWriter, value: string, shape: readonly number[]): string {
  return writer.add('Reshape', [value, writer.ints(shape)], { T: float, Tshape: typeAttribute('int32') });
}

function concat(writer: FunctionWriter, parts: readonly string[]): string {
  if (parts.length === 1) return parts[0]!;
  return writer.add('ConcatV2', [...parts, writer.scalar(0, 'int32')], {
    T: float,
    N: intAttribute(parts.length),
    Tidx: typeAttribute('int32'),
  });
}

type AdamNodes = ReadonlyMap<Node, readonly [string, string, string]>;

/** The Adam nodes that together update the whole vectors; none when some are missing or follow from others. */
function findAdam(graph: Graph, layout: StateLayout): AdamNodes {
  const found = inPlaceAdams(graph);
  const [parameters, first, second] = layout.adam ?? [];
  const complete =
    parameters?.members.length === found.size &&
    [...found.values()].every(([p, m, v]) => {
      const at =
        layout.members.get(p)?.vector === parameters
          ? parameters.members.findIndex(({ name }) => name === p)
          : -1;
      return at >= 0 && first!.members[at]!.name === m && second!.members[at]!.name === v;
    });
  const later = complete ? dependents(graph, found) : new Set<Node>();
  return complete && ![...found.keys()].some((node) => later.has(node)) ? found : new Map();
}

/** The nodes that need a result of the given ones. */
function dependents(graph: Graph, nodes: AdamNodes): Set<Node> {
  const values = new Set([...nodes.keys()].flatMap(({ outputs }) => outputs));
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    if (!node.inputs.some((id) => values.has(id))) continue;
    found.add(node);
    for (const id of node.outputs) values.add(id);
  }
  return found;
}

/** Values that something other than the in-place inputs of Adam needs. */
function usedValues(graph: Graph, adam: AdamNodes): Set<number> {
  const used = new Set(graph.outputs.map(({ value }) => value));
  for (const node of graph.nodes)
    for (const id of adam.has(node) ? node.inputs.slice(3) : node.inputs) used.add(id);
  return used;
}

function addAdam(
  writer: FunctionWriter,
  adam: AdamNodes,
  vectors: readonly StateVector[],
  handles: ReadonlyMap<StateVector, string>,
  reader: StateReader,
): string {
  writer.enter('update');
  const byName = new Map([...adam].map(([node, [parameter]]) => [parameter, node]));
  const nodes = vectors[0]!.members.map(({ name }) => byName.get(name)!);
  const gradients = nodes.map(({ inputs }) => {
    const gradient = writer.nameOf(inputs[3]!);
    return writer.typeOf(inputs[3]!).shape.length === 1 ? gradient : reshape(writer, gradient, [-1]);
  });
  const [learningRate, beta1Power, beta2Power] = nodes[0]!.inputs.slice(4).map((id) => writer.nameOf(id));
  const constant = (key: string): string => writer.scalar(nodes[0]!.attrs[key] as number, 'float32');
  const inputs = [
    ...vectors.map((vector) => handles.get(vector)!),
    beta1Power!,
    beta2Power!,
    learningRate!,
    constant('beta1'),
    constant('beta2'),
    constant('epsilon'),
    concat(writer, gradients),
    ...vectors.flatMap((vector) => reader.readsOf(vector)).map((read) => `^${read}`),
  ];
  return writer.add('ResourceApplyAdam', inputs, {
    T: float,
    use_locking: boolAttribute(false),
    use_nesterov: boolAttribute(false),
  });
}

/** Whoever uses a new value (a moving average) reads the variable after its update. */
function nameResults(writer: FunctionWriter, adam: AdamNodes, layout: StateLayout, after: StateReader): void {
  const { graph } = writer;
  const used = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  for (const port of graph.outputs) if (!isState(port)) used.add(port.value);
  for (const [node, names] of adam) {
    node.outputs.forEach((id, i) => {
      if (used.has(id)) writer.setName(id, after.read(layout.members.get(names[i]!)!));
    });
  }
}

/** Assigns each vector of which something changes, as a whole. */
function addUpdates(
  writer: FunctionWriter,
  outputs: readonly { value: number; member: Member }[],
  handles: ReadonlyMap<StateVector, string>,
  reader: StateReader,
): string[] {
  writer.enter('update');
  const shared = sharedMemory(writer.graph);
  const changed = new Map(outputs.map(({ value, member }) => [member, value]));
  return [...new Set(outputs.map(({ member }) => member.vector))].map((vector) => {
    const parts = vector.members.map((member) => {
      const value = changed.get(member);
      if (value === undefined) return reader.flat(member);
      const name = writer.nameOf(value);
      return member.shape.length === 1 ? name : reshape(writer, name, [-1]);
    });
    const isAlone = parts.length === 1 && shared.has(changed.get(vector.members[0]!)!);
    const value = isAlone ? writer.add('DeepCopy', parts, { T: float }) : concat(writer, parts);
    const inputs = [handles.get(vector)!, value, ...reader.readsOf(vector).map((read) => `^${read}`)];
    return writer.add('AssignVariableOp', inputs, { dtype: float });
  });
}

/** Values that may share the memory of a feed or of another variable, which no variable may keep. */
function sharedMemory(graph: Graph): Set<number> {
  const shared = new Set(graph.inputs.map(({ value }) => value));
  for (const { op, inputs, outputs } of graph.nodes) {
    if ((op === 'Reshape' || op === 'ExpandDims') && shared.has(inputs[0]!)) shared.add(outputs[0]!);
  }
  return shared;
}
