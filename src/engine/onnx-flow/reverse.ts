/**
 * Runs a file against its direction, by the layers that were found in it. What passes through a layer is known at its
 * output as well; with it a coupling is y = a·v + b of each value that moves, and the part of the graph that holds the
 * layer says what a and b are. A linear map has an inverse; a curve is searched, one place of an autoregressive layer
 * after the other. So a file of one direction gives both, without a second file.
 */
import { pendingOf } from '../../base/kept';
import { fromChannelsLast, toChannelsLast } from '../model/runner';
import type { ContextInfo } from '../../protocol/model';
import { groupedBy } from '../../base/group';
import { UserError } from '../../base/user-error';
import { contextFeed } from '../model/context';
import type { AnalyzedFlow } from './analyze';
import { inverseOf, timesVector } from '../../base/determinant';
import { openLayerPart, sizedProbe, type LayerPart } from './layer-part';
import { movingOf, pageShape, type FoundLayer } from './layers';
import { monotoneRoots } from './roots';
import { far } from './step';
import type { NumberedProbe } from './variables';

/**
 * Undefined where not all of the flow is understood.
 * @param whole the file's own log-dets, [count], which are taken where curves have none that is exact
 * @param info the usual context, of a flow that takes one
 */
export function createReverse(
  flow: AnalyzedFlow,
  info: ContextInfo | undefined,
  whole: (input: Float32Array, count: number, context: Float32Array | undefined) => Promise<Float32Array>,
) {
  const { probe, layers, outputShape } = flow;
  const { ports, variables } = probe;
  const understood = layers.length > 0 && layers.every(({ kind }) => kind !== 'unknown');
  if (!understood) return undefined;
  const curved = layers.some((layer) => layer.curved);
  const inputIds = variables.tensors[0]!.ids;
  const outputIds = variables.byName.get(ports.output)!.ids;
  const size = inputIds.length;
  const { layout } = ports;
  const shapes = { input: pageShape(ports.shape, layout), output: pageShape(outputShape, layout) };
  /** By the number of examples that they run at once. */
  const opened = new Map<number, Promise<LayerRunner[]>>();
  const many = Math.max(1, Math.min(512, Math.floor(2 ** 16 / size)));
  const open = (batch: number): Promise<LayerRunner[]> =>
    pendingOf(opened, batch, () => openLayers(flow, batch));
  /** As many examples as the parts run at once; the last one fills up. */
  const some = async (
    runners: readonly LayerRunner[],
    { laid, contexts }: { laid: Float32Array; contexts: Float32Array | undefined },
    start: number,
    batch: number,
  ) => {
    const width = ports.context?.size ?? 0;
    const contextRows =
      contexts &&
      Array.from({ length: batch }, (_, row) => {
        const from = Math.min(start + row, laid.length / size - 1) * width;
        return contexts.subarray(from, from + width);
      });
    const states = Array.from({ length: batch }, (_, row) => {
      const state = new Float32Array(variables.count);
      const from = Math.min(start + row, laid.length / size - 1) * size;
      outputIds.forEach((id, k) => (state[id] = laid[from + k]!));
      return state;
    });
    const logDets = new Float64Array(batch);
    for (const runner of runners.toReversed()) {
      (await runner.undo(states, contextRows)).forEach((value, row) => (logDets[row]! += value));
    }
    return { states, logDets };
  };
  return {
    /**
     * The inputs of the file, as `output`: [count, …], channels last; and ln |det| of the file's own map at them, nats.
     * @param context one for each example, or one for all
     * @throws UserError where a value cannot be reached
     */
    async run(output: Float32Array, count: number, context?: ArrayLike<number>) {
      const contexts = info && contextFeed(info, context, count).data;
      const requestedBatch = ports.fixedBatch ?? Math.min(many, 2 ** Math.ceil(Math.log2(count)));
      const runners = await open(requestedBatch);
      const batch = runners[0]!.batch;
      const laid = fromChannelsLast(output, shapes.output, layout);
      const input = new Float32Array(count * size);
      const logDet = new Float32Array(count);
      for (let start = 0; start < count; start += batch) {
        const { states, logDets } = await some(runners, { laid, contexts }, start, batch);
        for (let row = 0; row < Math.min(batch, count - start); row++) {
          inputIds.forEach((id, k) => (input[(start + row) * size + k] = states[row]![id]!));
          logDet[start + row] = logDets[row]!;
        }
      }
      const found = toChannelsLast(input, shapes.input, layout);
      return { input: found, logDet: curved ? await whole(found, count, contexts) : logDet };
    },
    async dispose() {
      for (const opening of opened.values()) {
        for (const runner of (await opening.catch(() => undefined)) ?? []) await runner.release();
      }
      opened.clear();
    },
  };
}

/** Layers for this many examples at once; one at a time where the graph does not keep them apart by the first axis. */
async function openLayers(flow: AnalyzedFlow, batch: number): Promise<LayerRunner[]> {
  const sized = await sizedProbe(flow.probe, batch);
  return Promise.all(flow.layers.map((layer) => openLayer(sized, layer)));
}

type Contexts = readonly Float32Array[] | undefined;

interface LayerRunner {
  /** States that it takes at once. */
  batch: number;
  /** Fills in the variables at the layer's input, by those at its output; says its log-det for each. */
  undo(states: readonly Float32Array[], contexts: Contexts): Promise<Float64Array>;
  release(): Promise<void>;
}

/** What undoing a layer needs. */
interface Undone {
  /** Name of the file. */
  name: string;
  part: LayerPart;
  states: readonly Float32Array[];
  contexts: Contexts;
  /** Variables that move, at the layer's input. */
  from: readonly number[];
  /** Values of the variables that they become, by state. */
  targets: readonly Float64Array[];
}

async function openLayer(probe: NumberedProbe, layer: FoundLayer): Promise<LayerRunner> {
  const moving = movingOf(layer);
  const from = moving.map((k) => layer.start[k]!);
  const to = moving.map((k) => layer.end[k]!);
  const { mixing, places, curved } = layer;
  if (mixing) return linearRunner(layer, mixing, probe.batch);
  const part = await openLayerPart(probe, layer.before, to);
  /** Values that can be found at once: all of a coupling, or the values of one place of an autoregressive layer. */
  const steps = groupedBy(moving.keys(), (i) => places?.[moving[i]!] ?? 0);
  const inOrder = [...steps].sort(([a], [b]) => a - b).map(([, which]) => which);
  return {
    batch: part.batch,
    async undo(states, contexts) {
      const targets = states.map((state) => Float64Array.from(to, (id) => state[id]!));
      // Until they are known, a number that no layer minds.
      for (const state of states) for (const id of from) state[id] = 0;
      const logDet = new Float64Array(states.length);
      const undone = { name: probe.graph.file, part, states, contexts, from, targets };
      for (const which of inOrder) {
        const added = curved ? await searched(undone, which) : await solved(undone, which);
        added.forEach((value, row) => (logDet[row]! += value));
      }
      return logDet;
    },
    release: () => part.release(),
  };
}

const setting = (
  { states, from }: Undone,
  which: readonly number[],
  value: (row: number, i: number) => number,
): void => states.forEach((state, row) => which.forEach((i) => (state[from[i]!] = value(row, i))));

/** Solves y = a·v + b. */
async function solved(undone: Undone, which: readonly number[]): Promise<Float64Array> {
  const { part, states, contexts, targets } = undone;
  const run = () => part.run(states, contexts);
  setting(undone, which, () => 0);
  const shift = await run();
  setting(undone, which, () => far);
  const up = await run();
  const slope = up.map((row, r) => row.map((value, i) => (value - shift[r]![i]!) / far));
  const value = targets.map((row, r) => row.map((y, i) => (y - shift[r]![i]!) / slope[r]![i]!));
  setting(undone, which, (row, i) => value[row]![i]!);
  // What rounding left over, by the graph itself.
  const again = await run();
  setting(
    undone,
    which,
    (row, i) => value[row]![i]! + (targets[row]![i]! - again[row]![i]!) / slope[row]![i]!,
  );
  return Float64Array.from(slope, (row) => which.reduce((sum, i) => sum + Math.log(Math.abs(row[i]!)), 0));
}

/** How far what a found value gives may be from what was wanted, of its size: beyond what float32 leaves over. */
const searchTolerance = 1e-3;

/** Searches a curve that only rises or only falls. Its log-det is not exact enough to report. */
async function searched(undone: Undone, which: readonly number[]): Promise<Float64Array> {
  const { name, part, states, contexts, targets } = undone;
  const goal = Float64Array.from(states.flatMap((_, row) => which.map((i) => targets[row]![i]!)));
  const at = (row: number, i: number): number => row * which.length + which.indexOf(i);
  const roots = await monotoneRoots(goal, async (values) => {
    setting(undone, which, (row, i) => values[at(row, i)]!);
    const out = await part.run(states, contexts);
    return Float64Array.from(states.flatMap((_, row) => which.map((i) => out[row]![i]!)));
  });
  setting(undone, which, (row, i) => roots[at(row, i)]!);
  const again = await part.run(states, contexts);
  const missed = states.some((_, row) =>
    which.some((i) => {
      const goal = targets[row]![i]!;
      return !(Math.abs(again[row]![i]! - goal) <= searchTolerance * (1 + Math.abs(goal)));
    }),
  );
  if (missed) {
    throw new UserError(
      `${name}: runs one way only, and a layer found in it takes no value near some that were asked for, or does not only rise ` +
        'or fall, so that it cannot be undone. Put the file of the other direction beside it.',
    );
  }
  return new Float64Array(states.length).fill(NaN);
}

function linearRunner(
  { start, end, constantLogDet }: FoundLayer,
  { matrix, offset }: NonNullable<FoundLayer['mixing']>,
  batch: number,
): LayerRunner {
  const inverse = inverseOf(matrix, start.length);
  return {
    batch,
    undo(states) {
      for (const state of states) {
        const y = Float64Array.from(end, (id, j) => state[id]! - offset[j]!);
        const x = timesVector(inverse, y);
        start.forEach((id, i) => (state[id] = x[i]!));
      }
      return Promise.resolve(new Float64Array(states.length).fill(constantLogDet));
    },
    release: () => Promise.resolve(),
  };
}
