/**
 * Runs a file against its direction, by the layers that were found in it. What passes through a layer is known at its
 * output as well; with it the layer is y = a·v + b of each value that moves, and the part of the graph that holds the
 * layer says what a and b are. So a file of one direction gives both, without a second file and without searching.
 */
import { fromChannelsLast, toChannelsLast } from '../model/layout';
import type { AnalyzedFlow } from './analyze';
import { openLayerPart, sizedProbe } from './layer-part';
import { pageShape, type FoundLayer } from './layers';
import type { Probe } from './probe';
import type { Variables } from './variables';

/** Far from 0, so that a is measured to float32's precision whatever b is. */
const far = 2 ** 16;

export interface Reversed {
  /** Inputs of the file, as `output`: [count, …], channels last. */
  input: Float32Array;
  /** ln |det| of the file's own map at them, nats; [count]. */
  logDet: Float32Array;
}

export interface Reverse {
  run(output: Float32Array, count: number): Promise<Reversed>;
  dispose(): Promise<void>;
}

/** Undefined where not all of the flow is understood. */
export function createReverse(flow: AnalyzedFlow): Reverse | undefined {
  const { probe, variables, layers, outputShape } = flow;
  const { ports } = probe;
  const understood = layers.length > 0 && layers.every(({ kind }) => kind !== 'unknown');
  if (!understood) return undefined;
  const inputIds = variables.tensors[0]!.ids;
  const outputIds = variables.byName.get(ports.output)!.ids;
  const size = inputIds.length;
  const { layout } = ports;
  const shapes = { input: pageShape(ports.shape, layout), output: pageShape(outputShape, layout) };
  /** By the number of examples that they run at once. */
  const opened = new Map<number, Promise<LayerRunner[]>>();
  const many = Math.max(1, Math.min(512, Math.floor(2 ** 16 / size)));
  const open = (batch: number): Promise<LayerRunner[]> => {
    const known = opened.get(batch);
    if (known) return known;
    const opening = openLayers(flow, batch);
    opened.set(batch, opening);
    opening.catch(() => opened.delete(batch));
    return opening;
  };
  /** As many examples as the parts run at once; the last one fills up. */
  const some = async (runners: readonly LayerRunner[], laid: Float32Array, start: number, batch: number) => {
    const states = Array.from({ length: batch }, (_, row) => {
      const state = new Float32Array(variables.count);
      const from = Math.min(start + row, laid.length / size - 1) * size;
      outputIds.forEach((id, k) => (state[id] = laid[from + k]!));
      return state;
    });
    const logDets = new Float64Array(batch);
    for (const runner of runners.toReversed()) {
      (await runner.undo(states)).forEach((value, row) => (logDets[row]! += value));
    }
    return { states, logDets };
  };
  return {
    async run(output, count) {
      const wanted = ports.fixedBatch ?? Math.min(many, 2 ** Math.ceil(Math.log2(count)));
      const runners = await open(wanted);
      const batch = runners[0]!.batch;
      const laid = fromChannelsLast(output, shapes.output, layout);
      const input = new Float32Array(count * size);
      const logDet = new Float32Array(count);
      for (let start = 0; start < count; start += batch) {
        const { states, logDets } = await some(runners, laid, start, batch);
        for (let row = 0; row < Math.min(batch, count - start); row++) {
          inputIds.forEach((id, k) => (input[(start + row) * size + k] = states[row]![id]!));
          logDet[start + row] = logDets[row]!;
        }
      }
      return { input: toChannelsLast(input, shapes.input, layout), logDet };
    },
    async dispose() {
      for (const opening of opened.values()) {
        for (const runner of (await opening.catch(() => undefined)) ?? []) await runner.release();
      }
      opened.clear();
    },
  };
}

/** Layers for so many examples at once; one at a time where the graph does not keep them apart by the first axis. */
async function openLayers(flow: AnalyzedFlow, wanted: number): Promise<LayerRunner[]> {
  const sized = await sizedProbe(flow, wanted);
  return Promise.all(flow.layers.map((layer) => openLayer(sized, flow.variables, layer)));
}

interface LayerRunner {
  /** States that it takes at once. */
  batch: number;
  /** Fills in the variables at the layer's input, by those at its output; says its log-det for each. */
  undo(states: readonly Float32Array[]): Promise<Float64Array>;
  release(): Promise<void>;
}

async function openLayer(probe: Probe, variables: Variables, layer: FoundLayer): Promise<LayerRunner> {
  const moving = Array.from(layer.moves.keys()).filter((k) => layer.moves[k] === 1);
  const from = moving.map((k) => layer.start[k]!);
  const to = moving.map((k) => layer.end[k]!);
  const { batch, run, release } = await openLayerPart(probe, variables, layer.before, to);
  const setting = (states: readonly Float32Array[], value: (row: number, i: number) => number): void =>
    states.forEach((state, row) => from.forEach((id, i) => (state[id] = value(row, i))));
  return {
    batch,
    async undo(states) {
      const wanted = states.map((state) => Float64Array.from(to, (id) => state[id]!));
      setting(states, () => 0);
      const shift = await run(states);
      setting(states, () => far);
      const up = await run(states);
      const slope = up.map((row, r) => row.map((value, i) => (value - shift[r]![i]!) / far));
      const value = wanted.map((row, r) => row.map((y, i) => (y - shift[r]![i]!) / slope[r]![i]!));
      setting(states, (row, i) => value[row]![i]!);
      // What rounding left over, by the graph itself.
      const again = await run(states);
      setting(states, (row, i) => value[row]![i]! + (wanted[row]![i]! - again[row]![i]!) / slope[row]![i]!);
      return Float64Array.from(slope, (row) => row.reduce((sum, a) => sum + Math.log(Math.abs(a)), 0));
    },
    release,
  };
}
