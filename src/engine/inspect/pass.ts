/** Runs the inspector's graph over a batch and keeps what its views need: per example and layer, never all activations. */
import type { NdArray } from '../../protocol/tensors';
import type { Feeds } from '../backends/backend';
import type { ExampleBatch } from '../model/examples';
import type { InspectedFlow, PassMode } from '../model/inspected-flow';
import { throughProgram } from './through-program';

export type FirstTensor = 'x' | 's' | 't' | 'y' | 'factored';

export interface LayerPass {
  /** Nats, [N]. The log-det of preprocessing counts as a coupling's. */
  coupling: Float32Array;
  norm: Float32Array;
  /** Non-finite values of the output, [N]. */
  nonFinite: Float32Array;
  /** Largest error of the layer's own round trip, [N]; NaN where it is not finite. Absent where it was not asked for. */
  roundTrip?: Float32Array;
  /** Of couplings, [N]. */
  s?: { largest: Float32Array; nonFinite: Float32Array; tNonFinite: Float32Array };
  /** Mean over the counted examples, layer shape. */
  sMean?: NdArray<Float32Array>;
  /** Of the first example, without the batch axis. */
  first: Partial<Record<FirstTensor, NdArray<Float32Array>>>;
  /** What the batch norm subtracted and the square of what it divided by, per channel that it saw. */
  normUsed?: { mean: Float32Array; variance: Float32Array };
}

export interface Pass {
  count: number;
  /** 1 for examples that means are over, 0 for one that only went along. */
  weight: Float32Array;
  /** [N, …]. */
  z: Float32Array;
  /** ln N(z; 0, 1), [N]. */
  prior: Float32Array;
  /** Log-det of preprocessing, [N]. */
  preprocessing: Float32Array;
  /** By layer index. */
  layers: LayerPass[];
}

export interface PassOptions {
  /** 1 for examples that count, 0 for one that only goes along; all count by default. */
  weight?: Float32Array;
  /** In evaluation mode: whether the layers' own round trips are wanted as well. */
  roundTrips?: boolean;
}

/**
 * In training mode the whole batch goes at once, since its statistics are its own; otherwise in parts.
 * @throws CancelledError
 */
export async function runPass(
  model: InspectedFlow,
  batch: ExampleBatch,
  mode: PassMode['kind'],
  signal: AbortSignal,
  { weight = new Float32Array(batch.count).fill(1), roundTrips = false }: PassOptions = {},
): Promise<Pass> {
  const passMode: PassMode =
    mode === 'train' ? { kind: 'train', batch: batch.count } : { kind: 'eval', roundTrips };
  const program = await model.programs.pass(passMode);
  const parts: { feeds: Feeds; count: number }[] = [];
  await throughProgram(
    model,
    program,
    batch,
    {
      signal,
      whole: mode === 'train',
      more: (start, n) => ({ weight: { shape: [n], data: weight.subarray(start, start + n) } }),
    },
    // Taps of later parts are not the first example's.
    (feeds, start, n) => parts.push({ feeds: start === 0 ? feeds : withoutFirst(feeds), count: n }),
  );
  return collect(model, parts, weight);
}

const firstTensors: readonly FirstTensor[] = ['x', 's', 't', 'y', 'factored'];

function withoutFirst(feeds: Feeds): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).filter(([name]) => !firstTensors.includes(name.split(':')[1] as FirstTensor)),
  );
}

function collect(
  model: InspectedFlow,
  parts: readonly { feeds: Feeds; count: number }[],
  weight: Float32Array,
): Pass {
  const count = weight.length;
  const head = parts[0]!.feeds;
  const floats = (array: NdArray): Float32Array => array.data as Float32Array;
  /** Joins [n] of every part; a scalar holds for all of a part's examples. */
  const perExample = (name: string): Float32Array => {
    const out = new Float32Array(count);
    let start = 0;
    for (const { feeds, count: n } of parts) {
      const value = feeds[name];
      if (value) {
        const data = floats(value);
        if (value.shape.length > 0) out.set(data, start);
        else out.fill(data[0]!, start, start + n);
      }
      start += n;
    }
    return out;
  };
  const join = (name: string): Float32Array => {
    const out = new Float32Array(count * model.dimensions);
    let start = 0;
    for (const { feeds } of parts) {
      const data = floats(feeds[name]!);
      out.set(data, start);
      start += data.length;
    }
    return out;
  };
  const counted = weight.reduce((sum, value) => sum + value, 0);

  const layers = model.layers.map(({ info }): LayerPass => {
    const at = (part: string): string => `${info.index}:${part}`;
    const firsts = firstTensors.flatMap((name) => {
      const value = head[at(name)];
      return value ? [[name, { shape: value.shape.slice(1), data: floats(value) }] as const] : [];
    });
    const roundTrip = (): Float32Array => {
      const largest = perExample(at('roundTrip'));
      const bad = perExample(at('roundTripNonFinite'));
      return largest.map((value, i) => (bad[i]! > 0 ? NaN : value));
    };
    const sum = head[at('sSum')];
    const mean = head[at('mean')];
    return {
      coupling: perExample(at('coupling')),
      norm: perExample(at('norm')),
      nonFinite: perExample(at('nonFinite')),
      ...(head[at('roundTrip')] ? { roundTrip: roundTrip() } : {}),
      ...(sum
        ? {
            s: {
              largest: perExample(at('sLargest')),
              nonFinite: perExample(at('sNonFinite')),
              tNonFinite: perExample(at('tNonFinite')),
            },
            sMean: { shape: [...sum.shape], data: meanOf(parts, at('sSum'), counted) },
          }
        : {}),
      first: Object.fromEntries(firsts),
      ...(mean ? { normUsed: { mean: floats(mean), variance: floats(head[at('variance')]!) } } : {}),
    };
  });
  return {
    count,
    weight,
    z: join('z'),
    prior: perExample('prior'),
    preprocessing: model.preprocess ? layers[0]!.coupling : new Float32Array(count),
    layers,
  };
}

function meanOf(parts: readonly { feeds: Feeds }[], name: string, counted: number): Float32Array {
  const out = new Float32Array(parts[0]!.feeds[name]!.data.length);
  for (const { feeds } of parts) {
    const { data } = feeds[name]!;
    for (let i = 0; i < out.length; i++) out[i]! += data[i]! / counted;
  }
  return out;
}

/** Mean over the examples that count. */
export function weightedMean(values: Float32Array, weight: Float32Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    if (weight[i] === 0) continue;
    sum += values[i]! * weight[i]!;
    total += weight[i]!;
  }
  return sum / total;
}
