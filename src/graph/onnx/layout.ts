import type { Node, Value } from '../ir';
import { elementwiseNames } from '../kernels/elementwise';
import { reductionNames } from '../kernels/reduce';
import { Recorder } from '../recorder';
import { sizeOf } from '../shape';
import { joinPhases, selectPhase } from './checkerboards';
import { pass } from '../passes/pass';
import { asConvolution } from './input-gradient';

const reductions = new Set<string>(reductionNames);

export const toChannelsFirst = [0, 3, 1, 2];
export const toChannelsLast = [0, 2, 3, 1];
/** Where an axis of NHWC is in NCHW. */
const movedAxis = [0, 2, 3, 1];

const moved = <T>(items: readonly T[]): T[] => toChannelsFirst.map((axis) => items[axis]!);

/**
 * ONNX convolves NCHW, the flow NHWC. From each convolution on, values stay NCHW for as long as their consumers do not
 * care, and are transposed once where one does. Convolutions get the attribute `dataFormat: "NCHW"`.
 */
export const useChannelsFirst = pass('channels first', (graph) => {
  const recorder = new Recorder(graph.dynamicBatch, Math.max(-1, ...graph.values.keys()) + 1);
  for (const [id, value] of graph.values) recorder.values.set(id, value);
  for (const [id, data] of graph.constants) recorder.constants.set(id, data);
  /** NHWC value → the same in NCHW; and which values exist in NHWC. */
  const first = new Map<number, number>();
  const last = new Set<number>([...graph.inputs.map(({ value }) => value), ...graph.constants.keys()]);
  const constantNames = new Map(graph.constantNames);

  const typeOf = (id: number): Value => graph.values.get(id)!;

  const channelsLast = (id: number): number => {
    if (!last.has(id)) {
      recorder.nodes.push({
        op: 'Transpose',
        inputs: [first.get(id)!],
        attrs: { perm: toChannelsLast },
        outputs: [id],
        scope: scopes.get(id) ?? '',
      });
      last.add(id);
    }
    return id;
  };
  const scopes = new Map<number, string>();

  const channelsFirst = (id: number, scope: string): number => {
    const known = first.get(id);
    if (known !== undefined) return known;
    const { shape, dtype } = typeOf(id);
    const ids = recorder.addNode(
      'Transpose',
      [channelsLast(id)],
      { perm: toChannelsFirst },
      [{ shape: moved(shape), dtype }],
      scope,
    );
    first.set(id, ids[0]!);
    return ids[0]!;
  };

  /** An operand of lower rank, or of one element along each axis it has, made to broadcast in NCHW. */
  const operand = (id: number, scope: string): number => {
    const { shape, dtype } = typeOf(id);
    if (shape.length === 4) return channelsFirst(id, scope);
    if (sizeOf(shape) === 1 && shape.length === 0) return id;
    const full = [...Array<number>(4 - shape.length).fill(1), ...shape];
    const known = first.get(id);
    if (known !== undefined) return known;
    const wide = recorder.addNode('Reshape', [channelsLast(id)], {}, [{ shape: full, dtype }], scope)[0]!;
    const isVector = full[1] === 1 && full[2] === 1;
    const result = isVector
      ? recorder.addNode('Reshape', [id], {}, [{ shape: moved(full), dtype }], scope)[0]!
      : recorder.addNode(
          'Transpose',
          [wide],
          { perm: toChannelsFirst },
          [{ shape: moved(full), dtype }],
          scope,
        )[0]!;
    first.set(id, result);
    return result;
  };

  const emitFirst = (node: Node, inputs: readonly number[], attrs: Node['attrs']): void => {
    const types = node.outputs.map(typeOf).map(({ shape, dtype }) => ({ shape: moved(shape), dtype }));
    const ids = recorder.addNode(node.op, inputs, attrs, types, node.scope);
    node.outputs.forEach((id, i) => {
      first.set(id, ids[i]!);
      scopes.set(id, node.scope);
    });
  };

  for (const node of graph.nodes) {
    const { op, inputs, attrs, scope } = node;
    if (op === 'Conv2DBackpropFilter') {
      const [x, dy] = inputs as [number, number];
      recorder.nodes.push({ ...node, inputs: [channelsFirst(x, scope), channelsLast(dy)] });
      for (const id of node.outputs) last.add(id);
      continue;
    }
    const forward = op === 'Conv2DBackpropInput' ? asConvolution(node, typeOf) : undefined;
    if (forward) {
      const [dy, filter] = inputs as [number, number];
      const turned = turnedFilter(recorder, channelsLast(filter), typeOf(filter), scope);
      emitFirst({ ...node, op: 'Conv2D' }, [channelsFirst(dy, scope), turned], {
        ...forward,
        dataFormat: 'NCHW',
      });
      continue;
    }
    // The input's gradient has the filter where the convolution has it, and the output's gradient in place of x.
    if (op === 'Conv2D' || op === 'Conv2DBackpropInput') {
      const [x, filter, ...bias] = inputs as [number, number, ...number[]];
      const { shape, dtype } = typeOf(filter);
      const perm = [3, 2, 0, 1];
      const swapped = recorder.addNode(
        'Transpose',
        [channelsLast(filter)],
        { perm },
        [{ shape: perm.map((axis) => shape[axis]!), dtype }],
        scope,
      )[0]!;
      emitFirst(node, [channelsFirst(x, scope), swapped, ...bias], { ...attrs, dataFormat: 'NCHW' });
      continue;
    }
    if (op === selectPhase || op === joinPhases) {
      emitFirst(
        node,
        inputs.map((id) => channelsFirst(id, scope)),
        attrs,
      );
      continue;
    }
    const isImage = node.outputs.every((id) => typeOf(id).shape.length === 4);
    // Worth it only where the bulk of the input is in NCHW already.
    const already = inputs.some((id) => typeOf(id).shape.length === 4 && first.has(id) && !last.has(id));
    const converted = already && isImage ? inChannelsFirst(op, attrs) : undefined;
    if (converted) {
      emitFirst(
        node,
        inputs.map((id) => operand(id, scope)),
        converted,
      );
    } else if (already && reductions.has(op) && !attrs['keepDims']) {
      const axis = (attrs['axis'] as number[]).map((a) => movedAxis[a]!).sort((a, b) => a - b);
      const kept = toChannelsFirst.filter((a) => !(attrs['axis'] as number[]).includes(a));
      // Only when the axes that stay keep their order.
      if (kept.every((a, i) => i === 0 || a > kept[i - 1]!)) {
        recorder.nodes.push({ ...node, inputs: [first.get(inputs[0]!)!], attrs: { ...attrs, axis } });
      } else {
        recorder.nodes.push({ ...node, inputs: inputs.map(channelsLast) });
      }
      for (const id of node.outputs) last.add(id);
    } else {
      recorder.nodes.push({ ...node, inputs: inputs.map(channelsLast) });
      for (const id of node.outputs) last.add(id);
    }
  }
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: channelsLast(value) }));
  return { ...recorder.graph(graph.inputs, outputs), constantNames };
});

/** The attributes of an op that works in either layout, moved to NCHW; undefined for ops that do not. */
function inChannelsFirst(op: string, attrs: Node['attrs']): Node['attrs'] | undefined {
  if (elementwiseNames.has(op) || op === 'Fill') return attrs;
  switch (op) {
    case 'Concat':
    case 'SplitV':
      return { ...attrs, axis: movedAxis[attrs['axis'] as number]! };
    case 'Slice':
      return { begin: moved(attrs['begin'] as number[]), size: moved(attrs['size'] as number[]) };
    case 'PadV2':
      return { ...attrs, paddings: moved(attrs['paddings'] as number[][]) };
    case 'Tile':
      return { reps: moved(attrs['reps'] as number[]) };
    case 'Reverse':
      return { axis: (attrs['axis'] as number[]).map((axis) => movedAxis[axis]!) };
    default:
      if (!reductions.has(op) || !attrs['keepDims']) return undefined;
      return {
        ...attrs,
        axis: (attrs['axis'] as number[]).map((axis) => movedAxis[axis]!).sort((a, b) => a - b),
      };
  }
}

/** [h, w, C, K] → [C, K, h, w], turned by 180 degrees. */
function turnedFilter(recorder: Recorder, filter: number, { shape, dtype }: Value, scope: string): number {
  const [height, width, channels, filters] = shape as [number, number, number, number];
  const taps = height * width;
  const add = (op: string, inputs: number[], attrs: Node['attrs'], to: number[]): number =>
    recorder.addNode(op, inputs, attrs, [{ shape: to, dtype }], scope)[0]!;
  const result = [channels, filters, height, width];
  if (taps === 1) return add('Reshape', [filter], {}, result);
  const flat = add('Reshape', [filter], {}, [taps, channels, filters]);
  const backwards = recorder.addConstant(
    Int32Array.from({ length: taps }, (_, i) => taps - 1 - i),
    [taps],
    'int32',
  );
  const turned = add('GatherV2', [flat, backwards], { axis: 0 }, [taps, channels, filters]);
  const moved = add('Transpose', [turned], { perm: [1, 2, 0] }, [channels, filters, taps]);
  return add('Reshape', [moved], {}, result);
}
