import { type Node, type Value, rewrite, isDynamic, type Recorder } from '../ir';
import { pass } from './pass';

/** Consecutive entries of one value along the axis. A list of them shows where the entries of a value come from. */
interface Run {
  base: number;
  start: number;
  count: number;
}

/**
 * Follows gathers, concatenations, splits and slices along an axis to where their entries come from. Couplings part
 * their input and put it together again, and the next one parts it differently: seen together, most of that takes a value
 * apart only to have the same pieces again. What comes out is the value itself, a slice or one gather of it, or values
 * side by side.
 */
export const followSelections = pass('selections', (graph) => {
  const producers = new Map<number, Node>();
  const known = new Map<string, Run[]>();
  const pieces = new Map<string, number>();
  return rewrite(graph, (node, { recorder }) => {
    const typeOf = (id: number): Value => recorder.values.get(id) ?? graph.values.get(id)!;
    const context: Context = { recorder, producers, known, pieces, typeOf };
    const axis = selectionAxis(node, context);
    const ids = axis === undefined ? undefined : simpler(node, axis, context);
    if (ids) return ids;
    for (const id of node.outputs) producers.set(id, node);
    if (axis !== undefined) remember(node, axis, context);
    return undefined;
  });
});

interface Context {
  recorder: Recorder;
  producers: Map<number, Node>;
  known: Map<string, Run[]>;
  /** What splits and slices took out of a value, so that nothing is taken out twice. */
  pieces: Map<string, number>;
  typeOf(id: number): Value;
}

/** The axis along which a node only selects; undefined for other nodes. */
function selectionAxis(node: Node, { recorder, typeOf }: Context): number | undefined {
  const shapeOf = (id: number): readonly number[] => typeOf(id).shape;
  const fixed = (axis: number): number | undefined =>
    [...node.outputs, node.inputs[0]!].some((id) => isDynamic(shapeOf(id)[axis]!, recorder.dynamicBatch))
      ? undefined
      : axis;
  switch (node.op) {
    case 'GatherV2': {
      const indices = recorder.constants.get(node.inputs[1]!);
      return indices && shapeOf(node.inputs[1]!).length === 1
        ? fixed(node.attrs['axis'] as number)
        : undefined;
    }
    case 'Concat':
    case 'SplitV':
      return fixed(node.attrs['axis'] as number);
    case 'Slice': {
      const from = shapeOf(node.inputs[0]!);
      const cut = (node.attrs['size'] as number[]).flatMap((size, axis) =>
        size === from[axis] ? [] : [axis],
      );
      return cut.length === 1 ? fixed(cut[0]!) : undefined;
    }
    default:
      return undefined;
  }
}

function simpler(node: Node, axis: number, context: Context): number[] | undefined {
  const { recorder, typeOf } = context;
  const direct = new Set(node.inputs);
  const plans = node.outputs.map((id, output) => {
    const { shape } = typeOf(id);
    return plan(originOf(node, output, axis, shape[axis]!, context), (base) => typeOf(base).shape[axis]!);
  });
  const there = plans.map((steps) =>
    steps?.kind === 'slice' ? context.pieces.get(pieceKey(steps.runs[0]!, axis)) : undefined,
  );
  const [piece] = there;
  if (there.length === 1 && piece !== undefined) return [piece];
  const taken = plans.map((steps) => new Set(steps?.runs.map(({ base }) => base)));
  // Nothing is gained where a node takes from its own inputs in the way it did.
  const gains = plans.every(
    (steps, i) => steps && (steps.kind === 'whole' || [...taken[i]!].every((base) => !direct.has(base))),
  );
  if (!gains && !isShorterConcat(node, plans)) return undefined;
  return plans.map((steps, i) => {
    const [first] = steps!.runs;
    if (steps!.kind === 'whole') return first!.base;
    const output = typeOf(node.outputs[i]!);
    const add = (op: string, inputs: number[], attrs: Node['attrs']): number => {
      const [id] = recorder.addNode(op, inputs, attrs, [output], node.scope);
      const added = recorder.nodes.at(-1)!;
      context.producers.set(id!, added);
      remember(added, axis, context);
      return id!;
    };
    if (steps!.kind === 'side by side')
      return add(
        'Concat',
        steps!.runs.map(({ base }) => base),
        { axis },
      );
    if (steps!.kind === 'slice') {
      const begin = output.shape.map((_, j) => (j === axis ? first!.start : 0));
      return add('Slice', [first!.base], { begin, size: [...output.shape] });
    }
    const indices = Int32Array.from(
      steps!.runs.flatMap(({ start, count }) => Array.from({ length: count }, (_, j) => start + j)),
    );
    return add('GatherV2', [first!.base, recorder.addConstant(indices, [indices.length], 'int32')], { axis });
  });
}

const pieceKey = ({ base, start, count }: Run, axis: number): string => `${base} ${axis} ${start} ${count}`;

function remember(node: Node, axis: number, { pieces, typeOf }: Context): void {
  if (node.op !== 'SplitV' && node.op !== 'Slice') return;
  const [base] = node.inputs as [number];
  let start = node.op === 'Slice' ? (node.attrs['begin'] as number[])[axis]! : 0;
  for (const id of node.outputs) {
    const count = typeOf(id).shape[axis]!;
    pieces.set(pieceKey({ base, start, count }, axis), id);
    start += count;
  }
}

interface Plan {
  kind: 'whole' | 'slice' | 'side by side' | 'gather';
  runs: Run[];
}

/** How the runs are had with one node or none; undefined where it takes more. */
function plan(runs: Run[], sizeOf: (base: number) => number): Plan | undefined {
  const isWhole = ({ base, count }: Run): boolean => count === sizeOf(base);
  if (runs.length === 1) return { kind: isWhole(runs[0]!) ? 'whole' : 'slice', runs };
  if (runs.every(isWhole)) return { kind: 'side by side', runs };
  return runs.every(({ base }) => base === runs[0]!.base) ? { kind: 'gather', runs } : undefined;
}

/** A concatenation of the same values with pieces of one of them joined again, such as the halves of a split. */
function isShorterConcat(node: Node, [only]: readonly (Plan | undefined)[]): boolean {
  return node.op === 'Concat' && only?.kind === 'side by side' && only.runs.length < node.inputs.length;
}

function originOf(node: Node, output: number, axis: number, count: number, context: Context): Run[] {
  const [x] = node.inputs as [number];
  switch (node.op) {
    case 'GatherV2': {
      const indices = context.recorder.constants.get(node.inputs[1]!) as Int32Array;
      const runs = entriesOf(x, axis, context);
      return joined([...indices].flatMap((i) => cut(runs, i, 1)));
    }
    case 'Concat':
      return joined(node.inputs.flatMap((id) => entriesOf(id, axis, context)));
    case 'Slice':
      return cut(entriesOf(x, axis, context), (node.attrs['begin'] as number[])[axis]!, count);
    default: {
      const before = (node.attrs['sizes'] as number[]).slice(0, output).reduce((sum, size) => sum + size, 0);
      return cut(entriesOf(x, axis, context), before, count);
    }
  }
}

/** Origin of a value's entries along the axis: its own, unless a node that selects along the same axis made it. */
function entriesOf(value: number, axis: number, context: Context): Run[] {
  const key = `${value} ${axis}`;
  const before = context.known.get(key);
  if (before) return before;
  const count = context.typeOf(value).shape[axis]!;
  const node = context.producers.get(value);
  const runs =
    node && selectionAxis(node, context) === axis
      ? originOf(node, node.outputs.indexOf(value), axis, count, context)
      : [{ base: value, start: 0, count }];
  context.known.set(key, runs);
  return runs;
}

/** The entries from `start` on. */
function cut(runs: readonly Run[], start: number, count: number): Run[] {
  const taken: Run[] = [];
  let at = 0;
  for (const run of runs) {
    const from = Math.max(start - at, 0);
    const to = Math.min(start + count - at, run.count);
    if (from < to) taken.push({ base: run.base, start: run.start + from, count: to - from });
    at += run.count;
    if (at >= start + count) break;
  }
  return taken;
}

/** Runs that continue each other as one. */
function joined(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last && last.base === run.base && last.start + last.count === run.start) last.count += run.count;
    else result.push({ ...run });
  }
  return result;
}
