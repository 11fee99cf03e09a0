/** Runs a flow with single layers moved, for the draws that the target has mass at. */
import { rowsAt } from '../../base/rows';
import { defined } from '../../base/defined';
import { stream } from '../../data/random';
import { fewestWeighed } from '../../protocol/check';
import { layerName } from '../../protocol/model';
import type { Feeds } from '../backends/backend';
import { inBatches } from '../model/latents';
import type { InspectedFlow } from '../model/inspected-flow';
import { blame, type Blamed, type Candidate, type RunMoved } from './blame';
import type { Weighed } from './weigh';

/** A flow whose layers can be asked; or why they cannot. */
export type AskableLayers =
  | {
      candidates: Candidate[];
      run: RunMoved;
      /** The draws that it runs: numbers of them. */ rows: readonly number[];
    }
  | { reason: string };

/** `rows` has the number of each draw. */
export type BlamedDraws = Blamed & { rows: readonly number[] };

/** Draws whose log weights are regressed on the layers. */
const blamed = 4096;

/** Undefined for too few draws, or where all have the same weight. @throws CancelledError */
export async function blameOf(
  { logWeights, x, count }: Weighed,
  { candidates, run, rows }: Extract<AskableLayers, { run: RunMoved }>,
  { seed, signal }: { seed: number; signal?: AbortSignal | undefined },
): Promise<BlamedDraws | undefined> {
  const size = x.length / count;
  const weights = Float64Array.from(rows, (i) => logWeights[i]!);
  if (rows.length < fewestWeighed || weights.every((value) => value === weights[0])) return undefined;
  const found = await blame(candidates, weights, run, { draw: stream(seed, 'check-layers'), signal, size });
  return { ...found, rows };
}

/** Layers whose change is asked for: those with a network, or that map each feature by itself. Norms and mixings do what these do too. */
function candidatesOf(flow: InspectedFlow, names: readonly string[]): Candidate[] {
  return flow.layers.flatMap(({ info, flow: inner }): Candidate[] => {
    if (!inner || (info.coupling === undefined && !info.order && !info.mapsAlone)) return [];
    const places = Array.from({ length: info.inputShape.at(-1)! }, (_, i) => i).filter(
      (i) => inner.mask === undefined || inner.mask.data[i]! < 0.5,
    );
    return [
      {
        layer: info.index,
        title: layerName(info),
        places,
        names: places.map((i) => names[inner.positions[i]!] ?? `value ${i}`),
      },
    ];
  });
}

/** Most features of a flow whose layers can be asked; the sums of a layer grow with their square. */
const mostFeatures = 64;

export function layersOf(
  flow: InspectedFlow,
  weighed: Weighed,
  names: readonly string[],
  signal?: AbortSignal,
): AskableLayers {
  const { moved } = flow.programs;
  if (!moved)
    return { reason: 'Which layer to look at takes gradients, which a graph or a recording does not have.' };
  if (flow.dimensions > mostFeatures)
    return {
      reason: `Which layer to look at is said for flows of up to ${mostFeatures} features; this one has ${flow.dimensions}.`,
    };
  const candidates = candidatesOf(flow, names);
  if (candidates.length === 0) return { reason: 'No layer of this flow has a network or a map of its own.' };
  const { logWeights } = weighed;
  const rows = [...logWeights.keys()].filter((i) => logWeights[i]! > -Infinity).slice(0, blamed);
  const size = flow.dimensions;
  const run: RunMoved = async (count, change) => {
    const program = await moved(candidates.map(({ layer }) => layer));
    const out = {
      logQ: new Float64Array(count),
      values: candidates.map(() => new Float32Array(count * size)),
      slopes: candidates.map(() => new Float32Array(count * size)),
    };
    await inBatches(count, flow.runner, defined({ signal }), async (start, n) => {
      const shape = [n, size];
      const x = rowsAt(weighed.x, size, rows.slice(start, start + n));
      const still = new Float32Array(n * size);
      const moves = candidates.map(({ layer }, k) => [
        `move:${layer}`,
        {
          shape,
          data: k === change?.candidate ? change.by.subarray(start * size, (start + n) * size) : still,
        },
      ]);
      const found = await program.run({ x: { shape, data: x }, ...(Object.fromEntries(moves) as Feeds) });
      out.logQ.set(found['logQ']!.data, start);
      for (const [k, { layer }] of candidates.entries()) {
        out.values[k]!.set(found[`value:${layer}`]!.data, start * size);
        out.slopes[k]!.set(found[`slope:${layer}`]!.data, start * size);
      }
    });
    return out;
  };
  return { candidates, run, rows };
}
