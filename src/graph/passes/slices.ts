/**
 * Features that are taken in regular steps become slices: PyTorch gathers by a tensor of indices five times as slowly. Where they
 * are put back between those that stayed, only the others are written.
 */
import { type Graph, type Node, producersOf, rewrite, sameShape } from '../ir';
import { pass } from './pass';

export const stridedSlice = 'StridedSlice';
/** Takes a tensor and what is written into it. */
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
  return rewrite(graph, (node, rewriter, type) => {
    const taken = gathered(node, graph);
    if (!taken) return undefined;
    const { x, axis, indices } = taken;
    const add = (op: string, inputs: readonly number[], stride: Stride): number[] => [
      rewriter.add(op, inputs, type, { ...stride }),
    ];
    const stride = strideOf(indices);
    if (stride) return add(stridedSlice, [rewriter.resolve(x)], { axis, ...stride });
    const joined = producers.get(x);
    if (joined?.op !== 'Concat' || joined.attrs['axis'] !== axis) return undefined;
    const parts = partsOf(joined, { graph, axis, indices }) ?? [];
    const sources = parts.map(({ id, stride: place }) =>
      sourceOf(gathered(producers.get(id), graph), place, (from) =>
        sameShape(graph.values.get(from)!.shape, type.shape),
      ),
    );
    const stays = sources.findIndex((source) => source !== undefined);
    if (stays < 0) return undefined;
    return parts
      .filter((_, i) => i !== stays)
      .reduce(
        (into, part) => add(sliceScatter, [into[0]!, rewriter.resolve(part.id)], part.stride),
        [rewriter.resolve(sources[stays]!)],
      );
  });
});

type Gathered = NonNullable<ReturnType<typeof gathered>>;

/** What a node takes by constant indices, if it does. */
function gathered(node: Node | undefined, { constants, values }: Graph) {
  if (node?.op !== 'GatherV2') return undefined;
  const [x, by] = node.inputs as [number, number];
  const indices = constants.get(by);
  const axis = node.attrs['axis'] as number;
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

/** The tensor that a part was taken out of, where that fits and the part goes back to the places that it came from. */
function sourceOf(
  taken: Gathered | undefined,
  { axis, start, step }: Stride,
  fits: (id: number) => boolean,
): number | undefined {
  if (taken?.axis !== axis || !fits(taken.x)) return undefined;
  const from = strideOf(taken.indices);
  return from?.start === start && from.step === step ? taken.x : undefined;
}
