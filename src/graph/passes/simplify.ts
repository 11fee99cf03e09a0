import { emptyData } from '../evaluate/array';
import { type Node, type Value, rewrite, type Rewriter, sameShape } from '../ir';
import { binaryNames, comparisonNames } from '../kernels/elementwise';
import { pass } from './pass';

const broadcasting = new Set<string>([...binaryNames, ...comparisonNames, 'Select']);

interface Context extends Rewriter {
  readonly typeOf: (id: number) => Value;
  readonly producer: (id: number) => Node | undefined;
  /** What a Relu made of a value. */
  readonly reluOf: (id: number) => number | undefined;
}

/**
 * Removes what changes nothing and what exists only because TensorFlow.js writes it out: multiplying by ones of full
 * size (the gradient of a sum), tiling before an operation that broadcasts anyway, transposes and reshapes in a row.
 */
export const simplify = pass('simplify', (graph) => {
  const producers = new Map<number, Node>();
  const rectified = new Map<number, number>();
  let context: Context | undefined;
  const remember = (node: Node): void => {
    for (const id of node.outputs) producers.set(id, node);
    if (node.op === 'Relu') rectified.set(node.inputs[0]!, node.outputs[0]!);
  };
  return rewrite(graph, (original, rewriter, output) => {
    context ??= {
      ...rewriter,
      typeOf: (id) => rewriter.recorder.values.get(id)!,
      producer: (id) => producers.get(id),
      reluOf: (id) => rectified.get(id),
    };
    const node = withoutBroadcasts(original, output, context);
    const start = rewriter.recorder.nodes.length;
    const same = withoutEffect(node, output, context);
    const ids =
      same !== undefined
        ? [same]
        : (shorter(node, output, context) ??
          (node === original ? undefined : rewriter.recorder.keep(node, graph)));
    rewriter.recorder.nodes.slice(start).forEach(remember);
    if (!ids) remember(node);
    return ids;
  });
});

/** The number that all elements of a value equal, where known. */
function uniform(id: number, { recorder, producer }: Context): number | undefined {
  const data = recorder.constants.get(id);
  if (data?.length === 1) return data[0];
  const node = producer(id);
  return node?.op === 'Fill' ? (node.attrs['value'] as number) : undefined;
}

/** An id that equals the node's only output, if there is one already. */
function withoutEffect(node: Node, output: Value, context: Context): number | undefined {
  const [x, y] = node.inputs;
  const fits = (id: number): boolean => {
    const type = context.typeOf(id);
    return sameShape(type.shape, output.shape) && type.dtype === output.dtype;
  };
  switch (node.op) {
    case 'Reshape':
    case 'ExpandDims':
    case 'BroadcastTo':
    case 'Tile':
    case 'Slice':
    case 'PadV2':
    case 'Cast':
    case 'SplitV':
    case 'Concat':
      return node.outputs.length === 1 && node.inputs.length === 1 && fits(x!) ? x : undefined;
    case 'Transpose':
      return (node.attrs['perm'] as number[]).every((axis, i) => axis === i) ? x : undefined;
    case 'Multiply':
    case 'RealDiv':
    case 'Add':
    case 'Sub': {
      const neutral = node.op === 'Multiply' || node.op === 'RealDiv' ? 1 : 0;
      if (fits(x!) && uniform(y!, context) === neutral) return x;
      const swaps = node.op === 'Multiply' || node.op === 'Add';
      return swaps && fits(y!) && uniform(x!, context) === neutral ? y : undefined;
    }
    case 'Sum':
    case 'Mean':
    case 'Max':
    case 'Min':
      return (node.attrs['axis'] as number[]).length === 0 ? x : undefined;
    default:
      return undefined;
  }
}

/** A cheaper way to the same output. */
function shorter(node: Node, output: Value, context: Context): readonly number[] | undefined {
  const { producer, typeOf } = context;
  const add = (op: string, inputs: readonly number[], attrs?: Node['attrs']): number[] => [
    context.add(op, inputs, output, attrs),
  ];
  const [x, y] = node.inputs;
  const before = x === undefined ? undefined : producer(x);
  switch (node.op) {
    case 'Multiply': {
      // dy · 1, where the ones only spread dy over the shape of a sum's input.
      if (uniform(y!, context) === 1) return add('BroadcastTo', [x!]);
      if (uniform(x!, context) === 1) return add('BroadcastTo', [y!]);
      return reluGradient(node, output, context);
    }
    case 'Reshape':
    case 'ExpandDims':
      if (before?.op === 'Fill') return add('Fill', [], before.attrs);
      return before?.op === 'Reshape' || before?.op === 'ExpandDims'
        ? sameShape(typeOf(before.inputs[0]!).shape, output.shape)
          ? [before.inputs[0]!]
          : add('Reshape', before.inputs)
        : undefined;
    case 'Transpose': {
      if (before?.op !== 'Transpose') return undefined;
      const inner = before.attrs['perm'] as number[];
      const perm = (node.attrs['perm'] as number[]).map((axis) => inner[axis]!);
      return perm.every((axis, i) => axis === i) ? before.inputs : add('Transpose', before.inputs, { perm });
    }
    case 'Neg':
      return before?.op === 'Neg' ? before.inputs : undefined;
    case 'BroadcastTo':
    case 'Tile':
      return before?.op === 'Fill' ? add('Fill', [], before.attrs) : undefined;
    case 'ZerosLike':
      return add('Fill', [], { value: 0 });
    case 'OnesLike':
      return add('Fill', [], { value: 1 });
    case 'AddN':
      return node.inputs.length === 2 ? add('Add', node.inputs) : undefined;
    default:
      return undefined;
  }
}

/**
 * dy · step(x) is ReluGrad(dy, x): one pass over memory instead of four. It asks only where x is positive, which relu(x) is
 * as well: that is kept for the next layer's gradient anyway, and x need not be.
 */
function reluGradient(
  node: Node,
  output: Value,
  { add, producer, typeOf, reluOf }: Context,
): readonly number[] | undefined {
  for (const [dy, gate] of [node.inputs, node.inputs.toReversed()] as [number, number][]) {
    const step = producer(gate);
    if (step?.op !== 'Step' || step.attrs['alpha'] !== 0) continue;
    const x = step.inputs[0]!;
    if (!sameShape(typeOf(dy).shape, output.shape) || !sameShape(typeOf(x).shape, output.shape)) continue;
    return [add('ReluGrad', [dy, reluOf(x) ?? x], output)];
  }
  return undefined;
}

/** Lets an operand that was spread to full size broadcast instead, when the others still give the result its shape. */
function withoutBroadcasts(node: Node, output: Value, context: Context): Node {
  if (!broadcasting.has(node.op)) return node;
  const inputs = [...node.inputs];
  for (let i = 0; i < inputs.length; i++) {
    const compact = compactForm(inputs[i]!, context);
    if (compact === undefined) continue;
    const others = inputs.filter((_, j) => j !== i);
    const carried = others.some((id) => sameShape(context.typeOf(id).shape, output.shape));
    if (carried) inputs[i] = compact;
  }
  return inputs.some((id, i) => id !== node.inputs[i]) ? { ...node, inputs } : node;
}

/** A smaller value that broadcasts to the given one. */
function compactForm(id: number, { recorder, producer, typeOf }: Context): number | undefined {
  const node = producer(id);
  if (!node) return undefined;
  const { shape, dtype } = typeOf(id);
  if (node.op === 'Fill' && shape.length > 0)
    return recorder.addConstant(emptyData(dtype, 1).fill(node.attrs['value'] as number), [], dtype);
  if (node.op === 'BroadcastTo') return node.inputs[0];
  if (node.op !== 'Tile') return undefined;
  const source = typeOf(node.inputs[0]!).shape;
  const reps = node.attrs['reps'] as number[];
  return reps.every((rep, i) => rep === 1 || source[i] === 1) ? node.inputs[0] : undefined;
}
