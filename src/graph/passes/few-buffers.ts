import { type Graph, type Node, rewrite, type Rewriter, type TensorType } from '../ir';
import { pass } from './pass';

/** Storage buffers that WebGPU guarantees for one shader. */
const buffers = 8;
/** The largest finite float32. */
const largest = (2 - 2 ** -23) * 2 ** 127;

/**
 * For ONNX Runtime's WebGPU provider: no node reads or writes more tensors than one shader may bind, and what the provider has no
 * kernel for (sums of many, or, tests for NaN and infinity) is written out of what it has.
 */
export const useFewBuffers = pass('few buffers', (graph) =>
  rewrite(graph, (node, rewriter) => forms[node.op]?.(node, builder(rewriter, graph, node))),
);

type Builder = ReturnType<typeof builder>;

/** Adds nodes in the place of one. */
function builder({ recorder, add, number }: Rewriter, graph: Graph, { outputs }: Node) {
  const type = (id: number): TensorType => recorder.values.get(id)!;
  return {
    type,
    add,
    /** The type of the i-th output. */
    result: (i = 0): TensorType => graph.values.get(outputs[i]!)!,
    /** The one number of a constant. */
    valueOf: (id: number): number | undefined => {
      const data = recorder.constants.get(id);
      return data?.length === 1 ? data[0] : undefined;
    },
    constant: number,
    /** Several inputs side by side: joined in groups that are small enough, and the groups in turn. */
    joined(inputs: readonly number[], axis: number): number {
      let parts = [...inputs];
      while (parts.length > 1) {
        const groups = Array.from({ length: Math.ceil(parts.length / (buffers - 1)) }, (_, i) =>
          parts.slice(i * (buffers - 1), (i + 1) * (buffers - 1)),
        );
        parts = groups.map((group) => {
          if (group.length === 1) return group[0]!;
          const { shape, dtype } = type(group[0]!);
          const length = group.reduce((sum, id) => sum + type(id).shape[axis]!, 0);
          return add('Concat', group, { shape: shape.with(axis, length), dtype }, { axis });
        });
      }
      return parts[0]!;
    },
  };
}

const forms: Record<string, ((node: Node, build: Builder) => readonly number[] | undefined) | undefined> = {
  AddN: ({ inputs }, { add, result }) => [
    inputs.slice(1).reduce((sum, input) => add('Add', [sum, input], result()), inputs[0]!),
  ],
  Concat: ({ inputs, attrs }, { joined }) =>
    inputs.length < buffers ? undefined : [joined(inputs, attrs['axis'] as number)],
  Pack: ({ inputs, attrs }, { add, joined, type }) => {
    const axis = attrs['axis'] as number;
    if (inputs.length < buffers) return undefined;
    const rows = inputs.map((input) => {
      const { shape, dtype } = type(input);
      return add('ExpandDims', [input], { shape: shape.toSpliced(axis, 0, 1), dtype }, { dim: axis });
    });
    return [joined(rows, axis)];
  },
  SplitV: ({ inputs: [x], outputs, attrs }, { add, result, type }) => {
    if (outputs.length < buffers) return undefined;
    const { axis, sizes } = attrs as { axis: number; sizes: number[] };
    let start = 0;
    return sizes.map((length, i) => {
      const begin = type(x!).shape.map((_, at) => (at === axis ? start : 0));
      start += length;
      return add('Slice', [x!], result(i), { begin, size: [...result(i).shape] });
    });
  },
  // The provider's kernel for channels of a multiple of three computes something else (onnxruntime#29651, as of 1.30).
  Conv2D: ({ inputs: [x, filter], attrs }, { add, result, type }) => {
    const [filters, channels, ...window] = type(filter!).shape as [number, number, number, number];
    const isWrong = channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && filters % 4 === 0;
    if (!isWrong || window.every((side) => side === 1)) return undefined;
    const zeros = 4 - (channels % 4);
    const padded = (id: number): number => {
      const { shape, dtype } = type(id);
      const paddings = [[0, 0], [0, zeros], [0, 0], [0, 0]]; // prettier-ignore
      return add(
        'PadV2',
        [id],
        { shape: shape.with(1, channels + zeros), dtype },
        { paddings, constantValue: 0 },
      );
    };
    return [add('Conv2D', [padded(x!), padded(filter!)], result(), attrs)];
  },
  // x · √x, where weights are normalized.
  Pow: ({ inputs: [x, by] }, { add, result, valueOf }) =>
    valueOf(by!) === 1.5 ? [add('Multiply', [x!, add('Sqrt', [x!], result())], result())] : undefined,
  LogicalOr: ({ inputs }, { add, result, type }) => {
    const [a, b] = inputs.map((id) => add('LogicalNot', [id], type(id))) as [number, number];
    return [add('LogicalNot', [add('LogicalAnd', [a, b], result())], result())];
  },
  Sign: ({ inputs: [x] }, { add, constant, result, type }) => {
    const side = (op: string): number => {
      const found = add(op, [x!, constant(0)], { ...type(x!), dtype: 'bool' });
      return add('Cast', [found], result(), { dtype: 'float32' });
    };
    return [add('Sub', [side('Greater'), side('Less')], result())];
  },
  // NaN is never at most anything.
  IsFinite: ({ inputs: [x] }, { add, constant, result, type }) => [
    add('LessEqual', [add('Abs', [x!], type(x!)), constant(largest)], result()),
  ],
};

/** ONNX operators that are computed on the processor, and why. */
export const offGpu: Readonly<Record<string, string>> = { Pow: 'its kernel fails for some exponents' };

/** What of a graph that went through the pass ONNX Runtime computes on the processor, and why. */
export function nodesOffGpu({ nodes, dynamicBatch }: Graph): string[] {
  const off = nodes.filter(({ op }) => op in offGpu);
  return [
    ...off.map(({ op, scope }) => `${op}${scope && ` in ${scope}`}: ${offGpu[op]!}`),
    ...(dynamicBatch === undefined
      ? []
      : ['sizes that depend on the number of examples: they are integers of 64 bits']),
  ];
}
