import { groupedBy } from '../../base/group';
import { type ConstantData, type Graph, type Node, producersOf, rewrite, isPointwise } from '../ir';
import { removeDeadCode, pass, countUses, loneProducers } from './pass';

/** A convolution whose filter, in the shape [height, width, in, out], and bias are constants; a missing bias is 0. */
type FixedConvolution = NonNullable<ReturnType<typeof fixedConvolution>>;

/**
 * With the parameters bound: a 1×1 convolution of p + conv(q) is the sum of one of p and of one of q with both filters in
 * one, and two 1×1 convolutions of the same value that are added are one. The last block of a residual net whose blocks
 * all have a skip into one sum does without its own sum and skip.
 */
export const composeConvolutions = pass('composed convolutions', (graph) =>
  removeDeadCode(chainSums(removeDeadCode(mergeAdded(removeDeadCode(composeSums(graph)))))),
);

function composeSums(graph: Graph): Graph {
  const lone = loneProducers(graph);
  return rewrite(graph, (node, { recorder, constantNames, resolve, add, named }, type) => {
    const outer = fixedConvolution(node, graph);
    if (!outer || !isPointwise(node, outer.shape)) return undefined;
    const sum = lone(outer.x);
    if (sum?.op !== 'Add' || !sum.inputs.every((id) => sameSize(id, outer.x, graph))) return undefined;
    for (const [inner, other] of [sum.inputs, sum.inputs.toReversed()] as [number, number][]) {
      const before = lone(inner);
      const first = before && fixedConvolution(before, graph);
      if (!first) continue;
      const { filter, bias } = compose(first, outer);
      const channels = outer.shape[3]!;
      const shape = [...first.shape.slice(0, 3), channels];
      const name = constantNames.get(first.node.inputs[1]!);
      const ids = [
        named(recorder.addConstant(filter, shape, 'float32'), name),
        named(recorder.addConstant(bias, [channels], 'float32'), name && `${name}.bias`),
      ];
      const direct = add('Conv2D', [resolve(other), node.inputs[1]!], type, node.attrs);
      const inside = add('Conv2D', [resolve(first.x), ...ids], type, first.node.attrs);
      return [add('Add', [direct, inside], type)];
    }
    return undefined;
  });
}

/** In sums, 1×1 convolutions of the same value: the last of them does for all, the others' terms are left out. */
function mergeAdded(graph: Graph): Graph {
  const uses = countUses(graph);
  const sums = new Map<number, Node>();
  for (const node of graph.nodes) {
    if (node.op !== 'Add' || !node.inputs.every((id) => sameSize(id, node.outputs[0]!, graph))) continue;
    for (const id of node.inputs) if (uses.get(id) === 1) sums.set(id, node);
  }
  /** The sum that a value ends up in. */
  const total = (id: number): number => {
    const next = sums.get(id)?.outputs[0];
    return next === undefined ? id : total(next);
  };
  const pointwise = graph.nodes.flatMap((node) => {
    const found = sums.has(node.outputs[0]!) ? fixedConvolution(node, graph) : undefined;
    return found && isPointwise(node, found.shape) ? [found] : [];
  });
  const groups = groupedBy(pointwise, ({ node, x }) => `${x} ${total(node.outputs[0]!)}`);
  const left = new Set<number>();
  const merged = new Map<number, FixedConvolution[]>();
  for (const group of groups.values()) {
    const last = group.at(-1)!;
    const others = group.slice(0, -1).filter(({ node }) => {
      const [output] = node.outputs as [number];
      // One term of each sum stays.
      const goes = sums.get(output)!.inputs.every((id) => id === output || !left.has(id));
      if (goes) left.add(output);
      return goes;
    });
    if (others.length > 0) merged.set(last.node.outputs[0]!, [...others, last]);
  }
  return rewrite(graph, (node, { recorder, add }, type) => {
    const [output] = node.outputs as [number];
    const group = merged.get(output);
    if (group) {
      const { shape } = group[0]!;
      const filters = added(group.map(({ filter }) => filter));
      const biases = group.flatMap(({ bias }) => (bias ? [bias] : []));
      const inputs = [node.inputs[0]!, recorder.addConstant(filters, shape, 'float32')];
      if (biases.length > 0) inputs.push(recorder.addConstant(added(biases), [shape[3]!], 'float32'));
      return [add('Conv2D', inputs, type, node.attrs)];
    }
    const [a, b] = node.inputs as [number, number];
    if (left.has(a) && sums.get(a)?.outputs[0] === output) return [b];
    if (left.has(b) && sums.get(b)?.outputs[0] === output) return [a];
    return undefined;
  });
}

/** a + (b + c) as (a + b) + c: a convolution adds to what is there already. */
function chainSums(graph: Graph): Graph {
  const lone = loneProducers(graph);
  const producers = producersOf(graph);
  return rewrite(graph, (node, { resolve, add }, type) => {
    const [output] = node.outputs as [number];
    if (node.op !== 'Add') return undefined;
    // As they were: one of them may have been replaced by a value that the old graph does not know.
    const [a, b] = producers.get(output)!.inputs as [number, number];
    const inner = lone(b);
    const parts = inner?.op === 'Add' ? inner.inputs : [];
    const isConvolution = producers.get(parts[1] ?? -1)?.op === 'Conv2D';
    if (!isConvolution || ![a, ...parts].every((id) => sameSize(id, output, graph))) return undefined;
    const [whole, first, second] = [a, ...parts].map(resolve) as [number, number, number];
    return [add('Add', [add('Add', [whole, first], type), second], type)];
  });
}

function sameSize(a: number, b: number, { values }: Graph): boolean {
  return values.get(a)!.shape.join() === values.get(b)!.shape.join();
}

function fixedConvolution(node: Node, graph: Graph) {
  if (node.op !== 'Conv2D') return undefined;
  const [x, filterId, biasId] = node.inputs as [number, number, number?];
  const filter = graph.constants.get(filterId);
  const bias = biasId === undefined ? undefined : graph.constants.get(biasId);
  if (!filter || (biasId !== undefined && !bias)) return undefined;
  return { node, x, filter, shape: graph.values.get(filterId)!.shape, ...(bias ? { bias } : {}) };
}

/** The filter and bias of `outer` (1×1) after `inner`. Sums are in double precision. */
function compose(inner: FixedConvolution, outer: FixedConvolution) {
  const [middle, channels] = outer.shape.slice(2) as [number, number];
  const rows = inner.filter.length / middle;
  const filter = new Float32Array(rows * channels);
  const sums = new Float64Array(channels);
  const accumulate = (values: ConstantData, start: number): void => {
    for (let m = 0; m < middle; m++) {
      const value = values[start + m]!;
      for (let c = 0, at = m * channels; c < channels; c++, at++) sums[c]! += value * outer.filter[at]!;
    }
  };
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    accumulate(inner.filter, row * middle);
    filter.set(sums, row * channels);
  }
  sums.fill(0);
  if (outer.bias) sums.set(outer.bias);
  if (inner.bias) accumulate(inner.bias, 0);
  return { filter, bias: Float32Array.from(sums) };
}

function added(arrays: readonly ConstantData[]): Float32Array {
  return Float32Array.from(arrays[0]!, (_, i) => arrays.reduce((sum, values) => sum + values[i]!, 0));
}
