import { groupedBy } from '../../base/group';
import { type Graph, type Node, type Value, producersOf, rewrite } from '../ir';
import { sizeOf } from '../../base/shape';
import { loneProducers, pass, removeDeadCode } from './pass';

/** Values of an example up to which a call costs more than its arithmetic. */
const fewValues = 64;

/**
 * Σ a + Σ b of equal shapes is Σ (a + b). The log-det of a flow over few features adds up as many small sums as it has
 * couplings, each a call that costs more than what it adds; all of them are added in one.
 */
export const joinSums = pass('joined sums', (graph) => {
  const lone = loneProducers(graph);
  const producers = producersOf(graph);
  const inner = new Set(
    graph.nodes
      .filter((node) => addsVectors(node, graph))
      .flatMap(({ inputs }) => inputs)
      .filter((id) => addsVectors(lone(id), graph)),
  );
  const terms = (id: number): number[] =>
    producers.get(id)!.inputs.flatMap((input) => (inner.has(input) ? terms(input) : [input]));
  const joined = rewrite(graph, (node, { resolve, add }, type) => {
    const [output] = node.outputs as [number];
    // As it was: what it adds may have been replaced by values that the old graph does not know.
    if (!addsVectors(producers.get(output), graph) || inner.has(output)) return undefined;
    const sumAt = (id: number): Node | undefined => smallSum(lone(id), graph);
    const others = terms(output).filter((id) => !sumAt(id));
    const sumsOf = terms(output).flatMap((id) => sumAt(id) ?? []);
    const groups = groupedBy(sumsOf, ({ inputs }) => graph.values.get(inputs[0]!)!.shape.join());
    if (![...groups.values()].some((group) => group.length > 1)) return undefined;
    const addAll = (values: number[], like: Value): number =>
      values.length === 1 ? values[0]! : add('AddN', values, like);
    const sums = [...groups.values()].map((group) => {
      const like = graph.values.get(group[0]!.inputs[0]!)!;
      const whole = addAll(
        group.map(({ inputs }) => resolve(inputs[0]!)),
        like,
      );
      // A single feature has nothing to add up.
      return like.shape[1] === 1 ? add('Reshape', [whole], type) : add('Sum', [whole], type, group[0]!.attrs);
    });
    return [addAll([...others.map(resolve), ...sums], type)];
  });
  return multiplySums(removeDeadCode(joined));
});

/** c · Σ a + d over few features, as a prior is, is a product of a with a column of c: one call instead of three. */
function multiplySums(graph: Graph): Graph {
  const lone = loneProducers(graph);
  const producers = producersOf(graph);
  const number = (id: number): number | undefined =>
    sizeOf(graph.values.get(id)!.shape) === 1 ? graph.constants.get(id)?.[0] : undefined;
  const before = (id: number, op: string): Node | undefined => {
    const node = lone(id);
    return node?.op === op ? node : undefined;
  };
  const multiplied = rewrite(graph, (node, { recorder, resolve, add }, type) => {
    const [output] = node.outputs as [number];
    const [whole, shift] = producers.get(output)!.inputs as [number, number];
    const product = node.op === 'Add' && number(shift) !== undefined ? before(whole, 'Multiply') : undefined;
    const [sum, factor] = product?.inputs ?? [];
    const small = sum === undefined ? undefined : smallSum(before(sum, 'Sum'), graph);
    if (!small || number(factor!) === undefined || type.dtype !== 'float32') return undefined;
    const [x] = small.inputs as [number];
    const [rows, features] = graph.values.get(x)!.shape as [number, number];
    const column = { shape: [rows, 1], dtype: type.dtype };
    const weights = new Float32Array(features).fill(number(factor!)!);
    const inputs = [resolve(x), recorder.addConstant(weights, [features, 1], 'float32')];
    const bias = recorder.addConstant(Float32Array.of(number(shift)!), [1], 'float32');
    const multiplied = add('BatchMatMul', inputs, column, { transposeA: false, transposeB: false });
    return [add('Reshape', [add('Add', [multiplied, bias], column)], type)];
  });
  return removeDeadCode(multiplied);
}

/** A sum of two vectors with one number for each example. */
function addsVectors(node: Node | undefined, { values }: Graph): boolean {
  if (node?.op !== 'Add') return false;
  return [...node.inputs, ...node.outputs].every((id) => {
    const { shape, dtype } = values.get(id)!;
    return shape.length === 1 && shape[0] === values.get(node.outputs[0]!)!.shape[0] && dtype === 'float32';
  });
}

/** A sum over the few features of each example. */
function smallSum(node: Node | undefined, { values }: Graph): Node | undefined {
  if (node?.op !== 'Sum' || node.attrs['keepDims']) return undefined;
  const { shape } = values.get(node.inputs[0]!)!;
  const overFeatures = (node.attrs['axis'] as number[]).join() === '1';
  return shape.length === 2 && shape[1]! <= fewValues && overFeatures ? node : undefined;
}
