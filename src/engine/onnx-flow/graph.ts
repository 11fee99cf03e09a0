/** An ONNX graph as plain data, and models made of parts of it. */
import { operatorOf } from '../onnx-file/read';
import { onnx } from 'onnx-proto';
import { UserError } from '../../base/user-error';

export interface GraphNode {
  index: number;
  op: string;
  /** Names of the tensors that it reads, names in graphs inside of it included. */
  reads: readonly string[];
  writes: readonly string[];
  proto: onnx.INodeProto;
}

export type OnnxGraph = ReturnType<typeof readGraph>;

/** @throws UserError when its nodes cannot be put in an order */
export function readGraph(file: string, model: onnx.ModelProto) {
  const proto = model.graph!;
  const initializers = new Map((proto.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const inputs = (proto.input ?? []).filter(({ name }) => !initializers.has(name ?? ''));
  /** In an order in which they can be run. */
  const nodes = (proto.node ?? []).map((node, index) => ({
    index,
    op: operatorOf(node),
    reads: [...new Set([...(node.input ?? []), ...innerReads(node)])].filter((name) => name !== ''),
    writes: (node.output ?? []).filter((name) => name !== ''),
    proto: node,
  }));
  /** The node that makes a tensor. */
  const producer = new Map<string, GraphNode>();
  const known = new Set([...initializers.keys(), ...inputs.map(({ name }) => name ?? '')]);
  for (const sparse of proto.sparseInitializer ?? []) known.add(sparse.values?.name ?? '');
  for (const node of nodes) {
    const unknown = node.reads.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw new UserError(
        `${file}: is not a valid ONNX model: the node ${node.index} (${node.op}) reads ${JSON.stringify(unknown)}, which ` +
          'nothing before it makes. Export it again.',
      );
    }
    for (const name of node.writes) {
      known.add(name);
      producer.set(name, node);
    }
  }
  return { file, model, nodes, producer, initializers, inputs };
}

/** What the graphs inside of a node (If, Loop, Scan) read from around it. */
function innerReads(node: onnx.INodeProto): string[] {
  const graphs = (node.attribute ?? []).flatMap(({ g, graphs: more }) => [
    ...(g ? [g] : []),
    ...(more ?? []),
  ]);
  return graphs.flatMap((graph) => {
    const definedNames = new Set([
      ...(graph.initializer ?? []).map(({ name }) => name),
      ...(graph.input ?? []).map(({ name }) => name),
      ...(graph.node ?? []).flatMap(({ output }) => output ?? []),
    ]);
    const read = (graph.node ?? []).flatMap((inner) => [...(inner.input ?? []), ...innerReads(inner)]);
    const results = (graph.output ?? []).map(({ name }) => name ?? '');
    return [...read, ...results].filter((name) => name !== '' && !definedNames.has(name));
  });
}

/** Shapes of tensors that are known, so that nothing needs to be computed to learn them. */
export type KnownShapes = ReadonlyMap<string, readonly number[]>;

/** The shape that a node gives, where it is known. */
function knownShape({ op, proto, reads }: GraphNode, shapes: KnownShapes): readonly number[] | undefined {
  // Newer forms take part of a shape only.
  return op === 'Shape' && (proto.attribute ?? []).length === 0 ? shapes.get(reads[0]!) : undefined;
}

/**
 * The nodes that the wanted tensors need, in order, and what they read that none of them makes. Nodes that only ask for
 * a known shape need nothing.
 */
export function needed(
  graph: OnnxGraph,
  outputs: Iterable<string>,
  inputs: ReadonlySet<string> = new Set(),
  shapes: KnownShapes = new Map(),
): { nodes: GraphNode[]; leaves: Set<string> } {
  const chosen = new Set<GraphNode>();
  const leaves = new Set<string>();
  const seen = new Set<string>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const node = inputs.has(name) ? undefined : graph.producer.get(name);
    if (!node) leaves.add(name);
    else if (!chosen.has(node)) {
      chosen.add(node);
      if (!knownShape(node, shapes)) for (const read of node.reads) open.push(read);
    }
  }
  return { nodes: [...chosen].sort((a, b) => a.index - b.index), leaves };
}

export interface PartInput {
  name: string;
  /** As ONNX numbers types. */
  type: number;
  /** With the batch axis; a name stands for a size that is open. */
  shape?: readonly (number | string)[];
}

/**
 * A model of those nodes only that lead from the inputs to the outputs; any tensors of the graph can be either. Shapes
 * of tensors listed in `shapesOf` come as outputs named `shape:NAME`.
 */
export function partOf(
  graph: OnnxGraph,
  inputs: readonly PartInput[],
  outputs: readonly string[],
  { shapesOf = [], shapes = new Map() }: { shapesOf?: readonly string[]; shapes?: KnownShapes } = {},
): { bytes: Uint8Array; inputs: string[]; outputs: string[] } {
  const inputNames = new Set(inputs.map(({ name }) => name));
  const { nodes, leaves } = needed(graph, [...outputs, ...shapesOf], inputNames, shapes);
  const { model } = graph;
  const initializer = [...leaves].flatMap((name) => graph.initializers.get(name) ?? []);
  const used = inputs.filter(({ name }) => leaves.has(name));
  // An input cannot be an output as well.
  const copies = outputs.filter((name) => inputNames.has(name));
  const renamed = (name: string): string => (inputNames.has(name) ? `copy:${name}` : name);
  const proto: onnx.INodeProto[] = [
    ...nodes.map((node) => constantShape(node, shapes) ?? node.proto),
    ...copies.map((name) => ({ opType: 'Identity', input: [name], output: [renamed(name)] })),
    ...shapesOf.map((name) => ({ opType: 'Shape', input: [name], output: [`shape:${name}`] })),
  ];
  const names = [...outputs.map(renamed), ...shapesOf.map((name) => `shape:${name}`)];
  const bytes = onnx.ModelProto.encode({
    irVersion: Number(model.irVersion as unknown),
    opsetImport: model.opsetImport,
    functions: model.functions,
    producerName: model.producerName,
    graph: {
      name: 'part',
      node: proto,
      initializer,
      sparseInitializer: model.graph?.sparseInitializer ?? [],
      input: used.map(({ name, type, shape }) => ({
        name,
        type: {
          tensorType: {
            elemType: type,
            ...(shape && {
              shape: {
                dim: shape.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })),
              },
            }),
          },
        },
      })),
      // Without types: ONNX Runtime infers them.
      output: names.map((name) => ({ name })),
    },
  }).finish();
  return { bytes, inputs: used.map(({ name }) => name), outputs: names };
}

/** A node that gives the known shape as a constant. */
function constantShape(node: GraphNode, shapes: KnownShapes): onnx.INodeProto | undefined {
  const shape = knownShape(node, shapes);
  if (!shape) return undefined;
  const rawData = new Uint8Array(new BigInt64Array(shape.map(BigInt)).buffer);
  return {
    opType: 'Constant',
    output: node.proto.output ?? [],
    attribute: [
      {
        name: 'value',
        type: onnx.AttributeProto.AttributeType.TENSOR,
        t: { dims: [shape.length], dataType: onnx.TensorProto.DataType.INT64, rawData },
      },
    ],
  };
}

const { DataType } = onnx.TensorProto;

/** Values of a stored tensor of floats; none of other types. */
export function floatsIn(tensor: onnx.ITensorProto): Float32Array {
  const { rawData, floatData, doubleData, dataType } = tensor;
  if (rawData && rawData.length > 0) {
    const bytes = rawData.slice().buffer;
    if (dataType === DataType.FLOAT) return new Float32Array(bytes);
    if (dataType === DataType.DOUBLE) return Float32Array.from(new Float64Array(bytes));
    return new Float32Array(0);
  }
  return Float32Array.from(floatData?.length ? floatData : (doubleData ?? []));
}
