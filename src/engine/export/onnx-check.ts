/** Runs exported files with ONNX Runtime on real inputs, and the model by another path, and compares. */
import type { ExportReport } from '../../protocol/engine';
import type { NdArray } from '../../protocol/tensors';
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import { mapped, unitAt, mapsOf } from '../../config/standardization';
import type { Backend, Feeds } from '../backends/backend';
import { firstToLoad } from '../backends/choose';
import { stream } from '../../data/random';
import { sizeOf } from '../../base/shape';
import { breathe } from '../model/breathe';
import { contextFeed } from '../model/context';
import { batchOf, type ExampleBatch } from '../model/examples';
import type { FlowModel } from '../model/flow-model';
import { openSession } from '../onnx-file/session';
import type { OnnxPart } from '../onnx-file/metadata';
import { exportGraphs } from './onnx-graphs';
import { type ImageModelConfig, hasLogit } from '../../config/schema';
import { lowestShare } from '../../flow/preprocess';

/** Both a single example and more, so that a batch axis that is not dynamic shows. */
const batchSizes = [1, 5];
const temperature = 0.7;

/**
 * The largest difference of each output, NaN where either is not finite: a model that gives NaN is not worth a file.
 * Differences of x are in deviations of each feature where the model knows them. Others are absolute. Both are relative
 * for values beyond 1.
 */
export async function compareFiles(
  model: FlowModel,
  files: readonly { part: OnnxPart; path: string }[],
  signal: AbortSignal,
): Promise<ExportReport['differences']> {
  const { backend, isTemporary } = await referenceBackend(model);
  try {
    const inputs = await realInputs(model);
    const differences: ExportReport['differences'] = [];
    // Each file on what the model itself gives: z of real examples for the inverse.
    const latents = new Map<number, NdArray>();
    for (const { part, path } of files) {
      await breathe(signal);
      // Parameters stay inputs here: nothing is folded, so folding is what is tested.
      const graph = exportGraphs[part](model);
      const reference = await backend.compile(graph);
      const session = await openSession(path, graph.nodes.length);
      try {
        const worst = new Map<string, Difference>();
        for (const count of batchSizes) {
          await breathe(signal);
          const feeds = {
            ...feedsOf(model, part, count, inputs.x, latents),
            ...contextsOf(model, inputs, count),
          };
          const expected = await reference.run({ ...model.tensors, ...feeds });
          if (part === 'forward') latents.set(count, expected['z']!);
          const found = await session.run(feeds);
          for (const [output, values] of Object.entries(expected)) {
            const difference = largestDifference(found[output], values, unitsOf(model, output));
            const before = worst.get(output);
            if (!before || isWorse(difference, before)) worst.set(output, difference);
          }
        }
        for (const [output, difference] of worst) differences.push({ kind: part, output, ...difference });
      } finally {
        await session.dispose();
        await reference.dispose();
      }
    }
    return differences;
  } finally {
    if (isTemporary) await backend.dispose();
  }
}

/** Where another library than ONNX Runtime is installed, other kernels than those that the files are run with. */
async function referenceBackend({ backend }: FlowModel): Promise<{ backend: Backend; isTemporary: boolean }> {
  const { name, threads } = backend.info;
  if (name !== 'onnxruntime') return { backend, isTemporary: false };
  return { backend: await firstToLoad(threads, 'checks exported files'), isTemporary: true };
}

/** Real examples where the data are there, samples otherwise; [n, …] as the forward file takes them. */
async function realInputs(model: FlowModel): Promise<Pick<ExampleBatch, 'x' | 'context'>> {
  const most = Math.max(...batchSizes);
  const { splits } = await model.data.splits();
  const split = splits.find(({ name, count }) => name === 'validation' && count >= most) ?? splits[0];
  const usable = split && split.count >= most ? split.name : 'sample';
  const batch = await batchOf(model, { split: usable, count: most });
  const { config } = model;
  if (config.kind === 'vector') return batch;
  // Samples can lie a little outside of what pixels can be, where logits are not finite.
  const inside = batch.x.map((v) => Math.min(Math.max(v, 0), config.levels));
  return { x: fromPixels(inside, config) };
}

/** Those of the inputs, or the usual one. */
function contextsOf({ runner }: FlowModel, { context }: Pick<ExampleBatch, 'context'>, count: number): Feeds {
  const { context: info } = runner;
  if (!info) return {};
  const { data, shape } = contextFeed(info, context?.subarray(0, count * info.mean.length), count);
  return { context: { shape: info.shape ? [count, ...info.shape] : shape, data } };
}

function feedsOf(
  model: FlowModel,
  part: OnnxPart,
  count: number,
  inputs: Float32Array,
  latents: ReadonlyMap<number, NdArray>,
): Feeds {
  const { flow, dimensions } = model;
  switch (part) {
    case 'forward':
      return { x: { shape: [count, ...flow.inputShape], data: inputs.slice(0, count * dimensions) } };
    case 'inverse':
      return { z: latents.get(count)! };
    default:
      return {
        noise: {
          shape: [count, ...flow.base.noiseShape],
          data: stream(1, 'export-check', count).normal(count * sizeOf(flow.base.noiseShape)),
        },
        temperature: { shape: [], data: Float32Array.of(temperature) },
      };
  }
}

type Difference = Pick<ExportReport['differences'][number], 'maxAbs' | 'where'>;

const isWorse = (a: Difference, b: Difference): boolean => !Number.isNaN(b.maxAbs) && !(a.maxAbs <= b.maxAbs);

/** Means and deviations of a table that was standardized in training: its values can be of any size. */
type Units = CheckpointHeader['standardize'];

const unitsOf = ({ config, header }: FlowModel, output: string): Units =>
  output === 'x' && config.kind === 'vector' ? header.standardize : undefined;

function largestDifference(found: NdArray | undefined, expected: NdArray, units: Units): Difference {
  if (!found || found.shape.join() !== expected.shape.join())
    return {
      maxAbs: NaN,
      where: `[${expected.shape.join(', ')}] in the model, [${found?.shape.join(', ') ?? ''}] in the file`,
    };
  const size = sizeOf(expected.shape.slice(1));
  let worst: Difference = { maxAbs: 0, where: '' };
  for (let i = 0; i < expected.data.length; i++) {
    const a = found.data[i]!;
    const b = expected.data[i]!;
    const maxAbs = Number.isFinite(a) && Number.isFinite(b) ? distance(a, b, units, i % size) : NaN;
    if (!Number.isNaN(maxAbs) && maxAbs <= worst.maxAbs) continue;
    const name = units ? (units.names?.[i % size] ?? `feature ${(i % size) + 1}`) : `value ${(i % size) + 1}`;
    worst = { maxAbs, where: `${name} is ${b} in the model and ${a} in the file` };
    if (Number.isNaN(maxAbs)) break;
  }
  return worst;
}

/** What float32 rounds off in units of the data, at the size of the value and of the mean that was added, is no difference. */
function distance(a: number, b: number, units: Units, feature: number): number {
  if (!units) return Math.abs(a - b) / Math.max(1, Math.abs(b));
  const [mean, std] = [units.mean[feature]!, units.std[feature]!];
  const map = mapsOf(units)?.[feature];
  const [at, unit] = map ? [mapped(map, b), unitAt(map, b)] : [b, 1];
  const rounding = 2 ** -22 * (Math.abs(b) + Math.abs(map?.low ?? mean));
  return Math.max(0, Math.abs(a - b) - rounding) / (unit * Math.max(std, Math.abs(at - mean)));
}

/** Without a graph, in double precision: as src/flow/preprocess defines it. @param pixels dequantized, in [0, levels] */
function fromPixels(
  pixels: Float32Array,
  { levels, dataRange, dataConstraint }: Pick<ImageModelConfig, 'levels' | 'dataRange' | 'dataConstraint'>,
): Float32Array {
  if (!hasLogit(dataConstraint)) {
    const offset = dataConstraint === 'centered' ? 0.5 : 0;
    return pixels.map((v) => v / levels - offset);
  }
  const low = lowestShare(dataConstraint, dataRange);
  return pixels.map((v) => {
    const p = low + (dataRange * v) / levels;
    const complement = 1 - low - dataRange + (dataRange * Math.max(levels - v, levels * 2 ** -25)) / levels;
    return Math.log(p) - Math.log(complement);
  });
}
