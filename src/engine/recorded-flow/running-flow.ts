/** What a recording does not hold, asked of the flow where that still runs. */
import { dropOldest } from '../../base/drop-oldest';
import { pendingOf } from '../../base/kept';
import { range } from '../../base/order';
import { sizeOf } from '../../base/shape';
import {
  readRecording,
  type RecordedLayer,
  type Recording,
  type Rows,
} from '../../checkpoint/recording/read';
import { readSafetensorsBytes, readTensors } from '../../checkpoint/tensors/safetensors';
import type { AskFlow, FlowRequest } from '../../protocol/live';
import type { NdArray } from '../../protocol/tensors';
import type { ContextInfo } from '../../protocol/model';
import { contextFeed } from '../model/context';
import { finderOf, type Found, type Finders, gathered } from './rows';

/** Recordings of other examples that stay in memory: views ask for the same example one after the other. */
const keptExamples = 8;
/** Above so many examples, only values and log-dets are asked for: no one looks inside each of them. */
const mostInside = 64;

export interface RunningFlow extends Finders {
  /** h [N, …] before layer `from`, to what the layers from there on make of it. */
  forward(from: number, h: Rows, context?: Rows): Promise<Forward>;
  /** h [N, …] after the layers before `from`, to the values at the input of each of these. */
  backward(from: number, h: Rows, context?: Rows): Promise<Rows[]>;
  draw(count: number, seed: number, context?: Rows): Promise<Float32Array>;
  /** The recording that holds the Jacobians of an example of the batch. */
  inside(example: number): Promise<Recording>;
  /** Recordings that were made lately, the newest first. */
  recent(): Recording[];
}

export interface Forward {
  /** By index of the layer; those before `from` are absent. */
  outputs: Rows[];
  logDets: Float32Array[];
  /** ln p(z), [N]. */
  prior: Float32Array;
}

/**
 * @param info of a conditional flow
 * @param chosen context of all examples, where the user chose one: no recorded example has it
 */
export function runningFlow(
  recording: Recording,
  ask: AskFlow,
  info: ContextInfo | undefined,
  chosen?: readonly number[],
): RunningFlow {
  const { file, layers, x, context: recorded } = recording;
  const known = finderOf(recording);
  const made = new Map<string, Promise<Recording>>();
  const newest: Recording[] = [];
  const contexts = (count: number, context: Rows | undefined): Pick<FlowRequest, 'context'> =>
    info ? { context: contextFeed(info, context?.data ?? chosen, count) } : {};
  const tensors = async (request: FlowRequest): Promise<Record<string, NdArray<Float32Array>>> => {
    const opened = await readSafetensorsBytes(file, await ask(request));
    return (await readTensors(opened)) as Record<string, NdArray<Float32Array>>;
  };
  const forward: RunningFlow['forward'] = async (from, h, context) => {
    const found = await tensors({ op: 'forward', from, h, ...contexts(h.shape[0]!, context) });
    const outputs: Rows[] = [];
    const logDets: Float32Array[] = [];
    for (let layer = from; layer < layers.length; layer++) {
      outputs[layer] = found[`outputs.${layer}`]!;
      logDets[layer] = found[`log_det.${layer}`]!.data;
    }
    return { outputs, logDets, prior: found['prior']!.data };
  };
  const record = async (h: Rows, context: Rows | undefined): Promise<Recording> => {
    const bytes = await ask({ op: 'inside', h, ...contexts(h.shape[0]!, context) });
    const inside = await readRecording(await readSafetensorsBytes(file, bytes));
    newest.unshift(inside);
    newest.length = Math.min(newest.length, keptExamples);
    return inside;
  };
  /** The same without what only single examples are looked at for. */
  const plain = async (h: Rows, context: Rows | undefined): Promise<Recording> => {
    const { outputs, logDets, prior } = await forward(0, h, context);
    const passed = layers.map(({ about }, i): RecordedLayer => ({
      about,
      input: outputs[i - 1] ?? h,
      output: outputs[i]!,
      logDet: logDets[i]!,
      activations: [],
    }));
    return { ...recording, count: h.shape[0]!, x: h, z: outputs.at(-1) ?? h, prior, layers: passed };
  };
  const examples: RunningFlow['examples'] = async (values, count, context) => {
    const isRecorded = chosen === undefined && known.holdsExamples(values, count, context);
    if (isRecorded) return known.examples(values, count, context);
    const h = { shape: [count, ...x.shape.slice(1)], data: values };
    const all = range(count);
    if (count > mostInside) return { recording: await plain(h, context), indices: all };
    const key = `${values.join()} ${context?.data.join() ?? ''}`;
    const recording = pendingOf(made, key, () => record(h, context));
    void dropOldest(made, keptExamples);
    return { recording: await recording, indices: all };
  };
  return {
    examples,
    async samples(z, count, context): Promise<Found> {
      if (!info && known.holdsSamples(z, count)) return known.samples(z, count);
      const h = { shape: [count, ...recording.z.shape.slice(1)], data: z };
      const inputs = await backward(layers.length, h, context);
      return { recording: { ...recording, samples: { count, z: h, inputs } }, indices: range(count) };
    },
    forward,
    backward,
    async draw(count, seed, context) {
      return (await tensors({ op: 'draw', count, seed, ...contexts(count, context) }))['z']!.data;
    },
    async inside(example) {
      const h = { shape: [1, ...x.shape.slice(1)], data: gathered(x, [example]) };
      const contextRow = recorded && {
        shape: [1, sizeOf(recorded.shape.slice(1))],
        data: gathered(recorded, [example]),
      };
      return record(h, contextRow);
    },
    recent: () => newest,
  };

  async function backward(from: number, h: Rows, context?: Rows): Promise<Rows[]> {
    const found = await tensors({ op: 'backward', from, h, ...contexts(h.shape[0]!, context) });
    return range(from).map((layer) => found[`inputs.${layer}`]!);
  }
}
