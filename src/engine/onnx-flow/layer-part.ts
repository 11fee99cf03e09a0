/** The part of the graph that holds one layer, run alone from whatever values its input is given. */
import { sizeOf } from '../../base/shape';
import { partOf } from './graph';
import { measureShapes, mostMeasured, partInputs, sameFeed } from './probe';
import { openPart, type Floats } from './runtime';
import { fixedShapes, holding, type NumberedProbe } from './variables';

export type LayerPart = Awaited<ReturnType<typeof openLayerPart>>;

/** The probe for this many examples at once; as it is where the graph does not keep them apart by the first axis. */
export async function sizedProbe(probe: NumberedProbe, batch: number): Promise<NumberedProbe> {
  if (batch === probe.batch) return probe;
  const example = probe.values.get(probe.ports.input)![0]!;
  const feed = sameFeed(probe, example, probe.contexts?.[0], batch);
  const known = probe.several?.count === batch ? probe.several.shapes : undefined;
  const shapes = known ?? (await measureShapes(probe, [feed]))[0]!;
  const apart = probe.variables.tensors.every(({ name }) => {
    const [first, ...rest] = probe.shapes.get(name) ?? [];
    const [many, ...others] = shapes.get(name) ?? [];
    return first !== undefined && many === first * batch && rest.join() === others.join();
  });
  return apart ? { ...probe, batch, feeds: [feed], shapes } : probe;
}

/**
 * @param before the cut that it starts from; `to` the variables that it answers
 * @param asWritten for a few runs only: nothing is optimized, which takes longer than they do
 */
export async function openLayerPart(
  probe: NumberedProbe,
  before: Int32Array,
  to: readonly number[],
  asWritten = false,
) {
  const { graph, batch, values, shapes, doubles, feeds, variables } = probe;
  const { byName, nameOf, place } = variables;
  const known = new Set(before);
  const inputTensors = holding(variables, known);
  const ends = [...new Set(to.map(nameOf))];
  const part = partOf(graph, partInputs(probe, inputTensors), ends, { shapes: fixedShapes(probe) });
  const session = await openPart(part, {
    file: graph.file,
    // Hundreds of parts are open at once: threads that wait for so little work would take all of the processor's time.
    threads: sizeOf(probe.ports.shape) <= mostMeasured ? 1 : probe.threads,
    doubles,
    asWritten,
  });
  /** Where the layer's input is in the tensors that the part is given. */
  const copies = part.inputs
    .filter((name) => inputTensors.has(name))
    .map((name) => {
      const { ids } = byName.get(name)!;
      const at = Array.from(ids.keys()).filter((i) => known.has(ids[i]!));
      return { name, ids, at, runs: values.get(name)! };
    });
  return {
    /** States that it takes at once. */
    batch,
    /** How many it answers for each. */
    values: to.length,
    /**
     * @param states `batch` of them: values by variable, of the cut before the layer; NaN keeps the value of the probe
     * @param contexts of the states, where they have their own; else the probe's
     * @param probeRun run of the probe that values and contexts are kept from; by default the first
     * @returns the variables that were asked for, of each state
     */
    async run(
      states: readonly Float32Array[],
      contexts?: readonly (Float32Array | undefined)[],
      probeRun = 0,
    ) {
      const fed: Record<string, Floats> = { ...feeds[probeRun]! };
      const { context } = probe.ports;
      if (context && contexts) {
        const all = fed[context.name]!;
        const data = all.data.slice();
        contexts.forEach(
          (exampleContext, row) => exampleContext && data.set(exampleContext, row * context.size),
        );
        fed[context.name] = { ...all, data };
      }
      for (const { name, ids, at, runs } of copies) {
        const base = runs[probeRun]!;
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
