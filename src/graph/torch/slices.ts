/**
 * Features that are taken in regular steps become slices: PyTorch gathers by a tensor of indices five times as slowly. Where they
 * are put back between those that stayed, only the others are written.
 */
import type { Graph, Node, Value } from '../ir';
import { producersOf } from '../links';
import { pass } from '../passes/pass';
import { rewrite, type Rewriter } from '../rewrite';
import { sameShape } from '../shape';

export const stridedSlice = 'StridedSlice';
/** Of a tensor and what is written into it. */
export const sliceScatter = 'SliceScatter';

/** Places start, start + step, … of an axis. */
export interface Stride {
  axis: number;
  start: number;
  step: number;
  count: number;
}

export const takeSlices = pass('slices', (graph) => {
  const producers = producersOf(graph);
  return rewrite(graph, (node, rewriter) => {
    const taken = gathered(node, graph);
    if (!taken) return undefined;
    const { x, axis, indices } = taken;
    const add = (op: string, inputs: readonly number[], stride: Stride): number[] =>
      rewriter.recorder.addNode(op, inputs, { ...stride }, [graph.values.get(node.outputs[0]!)!], node.scope);
    const stride = strideOf(indices);
    if (stride) return add(stridedSlice, [rewriter.resolve(x)], { axis, ...stride });
    const joined = producers.get(x);
    if (joined?.op !== 'Concat' || joined.attrs['axis'] !== axis) return undefined;
    const target = graph.values.get(node.outputs[0]!)!;
    const parts = partsOf(joined, { graph, axis, indices });
    const stays = parts?.find((part) => staysIn(part, target, { graph, producers }));
    if (!parts || !stays) return undefined;
    return parts
      .filter((part) => part !== stays)
      .reduce(
        (into, part) => add(sliceScatter, [into[0]!, rewriter.resolve(part.id)], part.stride),
        [sourceOf(stays, { producers, rewriter })],
      );
  });
});

/** What a node takes by constant indices, if it does. */
function gathered(
  { op, inputs, attrs }: Node,
  { constants, values }: Graph,
): { x: number; axis: number; indices: ArrayLike<number> } | undefined {
  if (op !== 'GatherV2') return undefined;
  const [x, by] = inputs as [number, number];
  const indices = constants.get(by);
  const axis = attrs['axis'] as number;
  return indices && values.get(by)!.shape.length === 1 ? { x, axis, indices } : undefined;
}

function strideOf(places: ArrayLike<number>): Omit<Stride, 'axis'> | undefined {
  const { length: count } = places;
  const start = places[0];
  if (start === undefined) return undefined;
  const step = count > 1 ? places[1]! - start : 1;
  for (let i = 1; i < count; i++) if (places[i] !== start + i * step) return undefined;
  return step > 0 ? { start, step, count } : undefined;
}

interface Part {
  id: number;
  stride: Stride;
}

/** Where each part of a concatenation goes; undefined unless each goes to regular places, and all of them are filled. */
function partsOf(
  { inputs }: Node,
  { graph, axis, indices }: { graph: Graph; axis: number; indices: ArrayLike<number> },
): Part[] | undefined {
  const placeOf = new Map(Array.from(indices, (from, place) => [from, place]));
  const parts: Part[] = [];
  let offset = 0;
  for (const id of inputs) {
    const count = graph.values.get(id)!.shape[axis]!;
    const places = Array.from({ length: count }, (_, i) => placeOf.get(offset + i) ?? -1);
    const stride = strideOf(places);
    if (!stride || stride.start < 0) return undefined;
    parts.push({ id, stride: { axis, ...stride } });
    offset += count;
  }
  return offset === indices.length ? parts : undefined;
}

/** Whether a part was taken out of a tensor like the result, from the places where it goes. */
function staysIn(
  { id, stride }: Part,
  target: Value,
  { graph, producers }: { graph: Graph; producers: ReadonlyMap<number, Node> },
): boolean {
  const taken = gathered(producers.get(id) ?? nothing, graph);
  if (taken?.axis !== stride.axis || !sameShape(graph.values.get(taken.x)!.shape, target.shape)) return false;
  const from = strideOf(taken.indices);
  return from?.start === stride.start && from.step === stride.step;
}

const nothing: Node = { op: '', inputs: [], outputs: [], attrs: {}, scope: '' };

function sourceOf(
  { id }: Part,
  { producers, rewriter }: { producers: ReadonlyMap<number, Node>; rewriter: Rewriter },
): number {
  return rewriter.resolve(producers.get(id)!.inputs[0]!);
}
