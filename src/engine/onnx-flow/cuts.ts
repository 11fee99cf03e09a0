/**
 * Finds the places where all of the flow goes through as many variables as it has dimensions. Going back from the output,
 * the variables computed last are replaced by what they were computed from; whenever exactly D distinct ones are left,
 * they are a cut: the output is a function of them, so the flow is a composition of the maps between cuts. Inside of a
 * conditioner there are more, since what passes through is still needed besides.
 */
import type { OnnxGraph } from './graph';
import type { Variables } from './variables';

/** Variables of a cut in ascending order. */
export type Cut = Int32Array;

/** From the input to the output; the first is the input, the last the output. */
export function findCuts(
  graph: OnnxGraph,
  { tensors, byName, home, large, ragged }: Variables,
  output: string,
): { cuts: Cut[]; complete: boolean } {
  const dimensions = tensors[0]!.ids.length;
  const inFrontier = new Set<number>();
  const openLarge = new Set<string>();
  const last = byName.get(output);
  if (!last) return { cuts: [], complete: false };
  for (const id of last.ids) if (id >= 0) inFrontier.add(id);
  const atHome = new Map<number, number[]>();
  tensors.forEach((_, index) => atHome.set(index, []));
  home.forEach((index, id) => atHome.get(index)!.push(id));
  /** Whatever can be expanded, by order of computation. */
  const steps = [
    ...tensors.map(({ name, order }, index) => ({ name, order, index })),
    ...[...large].map(([name, order]) => ({ name, order, index: -1 })),
  ].sort((a, b) => b.order - a.order);

  const cuts: Cut[] = [];
  const isWhole = (id: number): boolean => !ragged.has(tensors[home[id]!]!.name);
  const record = (): void => {
    // Values that were picked out are others for another example.
    if (inFrontier.size === dimensions && openLarge.size === 0 && [...inFrontier].every(isWhole))
      cuts.push(Int32Array.from(inFrontier).sort());
  };
  record();
  for (const { name, index } of steps) {
    if (name === tensors[0]!.name) break;
    const going = index < 0 ? [] : atHome.get(index)!.filter((id) => inFrontier.has(id));
    if (going.length === 0 && !openLarge.delete(name)) continue;
    for (const id of going) inFrontier.delete(id);
    for (const read of graph.producer.get(name)?.reads ?? []) {
      if (large.has(read)) openLarge.add(read);
      for (const id of byName.get(read)?.ids ?? []) if (id >= 0) inFrontier.add(id);
    }
    record();
  }
  cuts.reverse();
  const [first] = cuts;
  return { cuts, complete: first !== undefined && first.every((id) => home[id] === 0) };
}
