/** The part of the graph that holds one layer, run alone from whatever values its input is given. */
import type { AnalyzedFlow } from './analyze';
import { partOf } from './graph';
import { feedsFor, measureShapes, partInputs, repeated, type Probe } from './probe';
import { openPart, type Floats, type PartSession } from './runtime';
import { holding, type Variables } from './variables';

export interface LayerPart {
  /** States that it takes at once. */
  batch: number;
  /**
   * @param states `batch` of them: values by variable, of the cut before the layer; NaN keeps the value of the probe
   * @returns the variables that were asked for, of each state
   */
  run(states: readonly Float32Array[]): Promise<Float32Array[]>;
  release(): Promise<void>;
}

/** The probe for so many examples at once; as it is where the graph does not keep them apart by the first axis. */
export async function sizedProbe(
  { probe, variables }: Pick<AnalyzedFlow, 'probe' | 'variables'>,
  wanted: number,
): Promise<Probe> {
  if (wanted === probe.batch) return probe;
  const example = probe.values.get(probe.ports.input)![0]!;
  const feed = feedsFor(probe.ports, repeated(example, wanted), wanted);
  const shapes = await measureShapes(probe, feed);
  const apart = variables.tensors.every(({ name }) => {
    const [first, ...rest] = probe.shapes.get(name) ?? [];
    const [many, ...others] = shapes.get(name) ?? [];
    return first !== undefined && many === first * wanted && rest.join() === others.join();
  });
  return apart ? { ...probe, batch: wanted, feeds: [feed], shapes } : probe;
}

/** @param before the cut that it starts from; `to` the variables that it answers */
export async function openLayerPart(
  probe: Probe,
  variables: Variables,
  before: Int32Array,
  to: readonly number[],
): Promise<LayerPart> {
  const { graph, batch, values, shapes, doubles, feeds, threads } = probe;
  const { tensors, byName, home, place } = variables;
  const nameOf = (id: number): string => tensors[home[id]!]!.name;
  const known = new Set(before);
  const given = holding(graph, variables, known);
  const ends = [...new Set(to.map(nameOf))];
  const part = partOf(graph, partInputs(probe, given), ends, { shapes });
  const session: PartSession = await openPart(part, { file: graph.file, threads, doubles });
  /** Where the layer's input stands in the tensors that the part is given. */
  const copies = part.inputs
    .filter((name) => given.has(name))
    .map((name) => {
      const { ids } = byName.get(name)!;
      const at = Array.from(ids.keys()).filter((i) => known.has(ids[i]!));
      return { name, ids, at, base: values.get(name)![0]! };
    });
  return {
    batch,
    async run(states) {
      const fed: Record<string, Floats> = { ...feeds[0]! };
      for (const { name, ids, at, base } of copies) {
        const data = new Float32Array(batch * base.length);
        states.forEach((state, row) => {
          const start = row * base.length;
          data.set(base, start);
          for (const i of at) {
            const value = state[ids[i]!]!;
            if (!Number.isNaN(value)) data[start + i] = value;
          }
        });
        fed[name] = { shape: [...shapes.get(name)!], data };
      }
      const results = await session.run(fed);
      return states.map((_, row) =>
        Float32Array.from(to, (id) => {
          const { data } = results.get(nameOf(id))!;
          return data[row * Math.floor(data.length / batch) + place[id]!]!;
        }),
      );
    },
    release: () => session.release(),
  };
}
