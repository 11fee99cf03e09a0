/**
 * Small flows whose parameters leave nothing trivial, saved as checkpoints in milliseconds, and runs around them. What they
 * compute is known from the eager flow (test/inspector/reference.ts) and the command line, as of any other model.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { saveCheckpoint } from '../../../src/checkpoint/checkpoint';
import { runPaths, writeStatus } from '../../../src/checkpoint/run-folder';
import { writeSafetensors } from '../../../src/checkpoint/tensors/safetensors';
import { runConfigSchema, type RunConfig } from '../../../src/config/schema';
import { initialTensors } from '../../../src/engine/training/initialize';
import { buildFlow } from '../../../src/flow/flow';
import type { MetricsRow } from '../../../src/protocol/run';
import { movedValues, type Values } from '../../contract/eager';
import { classImageModel } from '../../inspector/class-images';
import type { Model } from '../../inspector/models';

const image = { kind: 'image', height: 8, width: 8, levels: 17, scales: 2, base: 4, blocks: 1 };
const settings = {
  /** Two scales, ten couplings. */
  digits: { data: { source: 'digits' }, model: image },
  /** With feature maps and kernels on two pages. */
  wide: { data: { source: 'digits' }, model: { ...image, scales: 1, base: 20 } },
  /** Pixels of three channels, without data. */
  colors: { data: { source: 'moved.npz' }, model: { ...image, channels: 3, levels: 256 } },
  plane: { data: { source: 'moons' }, model: { kind: 'vector', dim: 2, couplings: 4, hidden: [8] } },
  /** Couplings that only shift. */
  additive: {
    data: { source: 'moons' },
    model: { kind: 'vector', dim: 2, couplings: 4, hidden: [8], transform: 'additive' },
  },
  /** Spline couplings with learned mixing between. */
  splines: {
    data: { source: 'moons' },
    model: {
      ...{ kind: 'vector', dim: 2, couplings: 2, hidden: [8] },
      ...{ transform: 'rationalQuadratic', bins: 5, between: 'lu' },
    },
  },
  autoregressive: {
    data: { source: 'moons' },
    model: { kind: 'vector', dim: 2, couplings: 3, hidden: [8], layer: 'autoregressive' },
  },
  /** Given two numbers, which are 0 and 1 or 1 and 0. */
  conditional: {
    data: { source: 'moons.csv', contextColumns: ['upper', 'lower'] },
    model: {
      ...{ kind: 'vector', dim: 2, couplings: 2, hidden: [8], context: 2 },
      ...{ transform: 'rationalQuadratic', bins: 5, between: 'lu' },
    },
  },
  /** Five slices of a vector field's time. */
  field: {
    data: { source: 'moons' },
    model: {
      ...{ kind: 'vector', dim: 2 },
      layers: [{ kind: 'field', slices: 5, steps: 4, net: { kind: 'mlp', hidden: [8] } }],
    },
  },
  fieldTable: {
    data: { source: 'measured.csv', validation: 120 },
    model: {
      ...{ kind: 'vector', dim: 6 },
      layers: [{ kind: 'field', slices: 5, steps: 4, net: { kind: 'mlp', hidden: [8] } }],
    },
  },
  /** Digits, given which one it is. */
  classImages: { data: { source: 'digits', labelContext: true }, model: classImageModel },
  /** Given the moon that a point is of. */
  classes: {
    data: { source: 'moons', labelContext: true },
    model: {
      ...{ kind: 'vector', dim: 2, couplings: 2, hidden: [8], context: 2 },
      ...{ transform: 'rationalQuadratic', bins: 5, between: 'lu' },
    },
  },
  /** A table whose last column is given. */
  given: {
    data: { source: 'measured.csv', validation: 120, contextColumns: ['charge'] },
    model: { kind: 'vector', dim: 5, couplings: 4, hidden: [8], context: 1 },
  },
  /** One feature, given another. */
  single: {
    data: {
      source: 'measured.csv',
      ...{ validation: 120, columns: ['speed', 'charge'], contextColumns: ['charge'] },
    },
    model: {
      ...{ kind: 'vector', dim: 1, couplings: 2, hidden: [8], context: 1 },
      ...{ layer: 'autoregressive', transform: 'rationalQuadratic', bins: 5 },
    },
  },
  vector: {
    data: { source: 'measured.csv', validation: 120 },
    model: { kind: 'vector', dim: 6, couplings: 6, hidden: [8], flowNorm: true },
  },
  /** More columns than a window is wide. */
  broad: { data: { source: 'moved.csv' }, model: { kind: 'vector', dim: 70, couplings: 2, hidden: [4] } },
  long: { data: { source: 'moved.csv' }, model: { kind: 'vector', dim: 3, couplings: 90, hidden: [4] } },
} as const;

type Kind = keyof typeof settings;

const shapes: Record<Kind, readonly number[]> = {
  digits: [8, 8, 1],
  wide: [8, 8, 1],
  colors: [8, 8, 3],
  plane: [2],
  additive: [2],
  splines: [2],
  autoregressive: [2],
  conditional: [2],
  field: [2],
  fieldTable: [6],
  classImages: [8, 8, 1],
  classes: [2],
  given: [5],
  single: [1],
  vector: [6],
  broad: [70],
  long: [3],
};

export const featureNames = ['speed', 'height', 'width', 'mass', 'age', 'charge'];

const namesOf = (dim: number): string[] =>
  Array.from({ length: dim }, (_, i) => featureNames[i] ?? `sensor_${i}`);

interface TinyOptions {
  /** Changes parameters and running statistics in place. */
  change?: (tensor: string, values: Float32Array) => void;
  /** The data are where the config says, or were moved. */
  moved?: boolean;
}

/** Saves one in the folder, with its data where they are files. */
export async function tinyModel(folder: string, kind: Kind, options: TinyOptions = {}): Promise<Model> {
  const config = configOf(kind, options.moved);
  if (['vector', 'given', 'single', 'fieldTable'].includes(kind))
    writeFileSync(path.join(folder, 'measured.csv'), measured());
  if (kind === 'conditional') writeFileSync(path.join(folder, 'moons.csv'), moons());
  const values = movedValues(buildFlow(config.model), 5);
  for (const [name, { data }] of Object.entries(values)) options.change?.(name, data);
  const file = path.join(folder, `${kind}-${++made}.flow.safetensors`);
  await save(file, config, 240, values);
  return modelOf(kind, config, [], () => file);
}

let made = 0;

function configOf(kind: Kind, moved = false): RunConfig {
  const { data, model } = settings[kind];
  return v.parse(runConfigSchema, {
    data: moved ? { source: model.kind === 'image' ? 'moved.npz' : 'moved.csv' } : data,
    model,
    training: { steps: 240 },
  });
}

function modelOf(kind: Kind, { model }: RunConfig, steps: readonly number[], file: Model['file']): Model {
  const levels = model.kind === 'image' ? { levels: model.levels } : {};
  return { name: kind, shape: shapes[kind], ...levels, steps, file };
}

function save(
  file: string,
  config: RunConfig,
  step: number,
  tensors: Values,
  metrics?: MetricsRow,
): Promise<void> {
  const { model } = config;
  const names = model.kind !== 'vector' ? [] : model.dim === 2 ? ['x', 'y'] : namesOf(model.dim);
  const context =
    model.kind !== 'vector'
      ? []
      : (config.data.contextColumns?.map(String) ?? ['upper', 'lower'].slice(0, model.context));
  return saveCheckpoint(file, {
    config,
    step,
    seconds: step / 10,
    tensors,
    ...(metrics ? { metrics } : {}),
    ...(model.kind === 'vector'
      ? {
          standardize: {
            mean: [...names.map((_, i) => 0.5 - i / 4), ...context.map(() => 0.5)],
            std: [...names.map((_, i) => Math.max(0.1, 0.9 - i / 10)), ...context.map(() => 0.5)],
            names,
            ...(context.length > 0 ? { contextNames: context } : {}),
          },
        }
      : {}),
  });
}

/** Points on two arcs, and which one. */
function moons(): string {
  const rows = Array.from({ length: 400 }, (_, i) => {
    const [upper, angle] = [i % 2, 3 * Math.sin(i) ** 2];
    const [x, y] = [Math.cos(angle) + 0.1 * Math.sin(7 * i), Math.sin(angle) + 0.1 * Math.cos(5 * i)];
    return [...(upper ? [x, y] : [1 - x, 0.5 - y]).map((value) => value.toFixed(4)), upper, 1 - upper].join();
  });
  return `x,y,upper,lower\n${rows.join('\n')}\n`;
}

/** Rows that the features' scales suit, each number another. */
function measured(): string {
  const rows = Array.from({ length: 420 }, (_, i) =>
    featureNames.map((_, k) => (0.5 - k / 4 + 0.6 * Math.sin(1 + (3 + k) * i)).toFixed(4)).join(','),
  );
  return `${featureNames.join(',')}\n${rows.join('\n')}\n`;
}

/** A run as its training leaves it on disk; the test plays the training. */
export interface TinyRun extends Model {
  folder: string;
  config: RunConfig;
  paths: ReturnType<typeof runPaths>;
  steps: number[];
  file: (step?: number) => string;
  /** Writes the checkpoint of another step. */
  reach(step: number, validationBitsPerDim?: number): Promise<void>;
  /** Writes so many rows of metrics, anew. */
  measure(rows: number): void;
}

/** Rows of a run's metrics: every fourth validates. @param slope rows in which the loss falls by a share of 1 − 1/e */
export function metricsRow(i: number, slope = 5): MetricsRow & { trainBitsPerDim: number } {
  const decay = Math.exp(-i / slope);
  const wave = Math.sin(12.9898 * (i + 1)) * 0.05;
  return {
    step: (i + 1) * 10,
    seconds: (i + 1) * 0.5,
    trainNats: 60 + 100 * decay + 20 * wave,
    trainBitsPerDim: 2 + 2 * decay + wave,
    ...(i % 4 === 3 ? { validationNats: 62 + 100 * decay, validationBitsPerDim: 2.1 + 2 * decay } : {}),
    gradientNorm: 3 * Math.exp(8 * wave),
    learningRate: i < 12 ? 1e-3 : 5e-4,
  };
}

/** Parameters go from where training begins to those of the last step in a straight line. */
export async function tinyRun(
  folder: string,
  kind: Kind,
  { name = kind, steps = [80, 160, 240], rows = 24 }: { name?: string; steps?: number[]; rows?: number } = {},
): Promise<TinyRun> {
  const config = configOf(kind);
  const paths = runPaths(path.join(folder, name));
  mkdirSync(paths.checkpoints, { recursive: true });
  if (kind === 'vector') writeFileSync(path.join(folder, 'measured.csv'), measured());
  const absolute = kind === 'vector' ? path.join(folder, 'measured.csv') : config.data.source;
  const placed: RunConfig = { ...config, data: { ...config.data, source: absolute } };
  writeFileSync(paths.config, JSON.stringify(placed));
  const flow = buildFlow(config.model);
  const [first, last] = [initialTensors(flow, 5), movedValues(flow, 5)];
  const reached: number[] = [];
  const run: TinyRun = {
    ...modelOf(kind, config, reached, (step = reached.at(-1)!) => paths.checkpoint(step)),
    folder: paths.folder,
    config: placed,
    paths,
    steps: reached,
    file: (step = reached.at(-1)!) => paths.checkpoint(step),
    async reach(step, validationBitsPerDim) {
      const share = step / 240;
      const tensors = Object.fromEntries(
        Object.entries(last).map(([tensor, { shape, data }]) => [
          tensor,
          { shape, data: data.map((value, i) => first[tensor]!.data[i]! * (1 - share) + value * share) },
        ]),
      );
      const metrics = { step, seconds: step / 10, validationNats: 160 - step / 10 };
      await save(paths.checkpoint(step), placed, step, tensors, {
        ...metrics,
        ...(validationBitsPerDim === undefined ? {} : { validationBitsPerDim }),
      });
      if (!reached.includes(step)) reached.push(step);
    },
    measure(count) {
      const lines = Array.from({ length: count }, (_, i) => metricsRow(i, count > 100 ? count / 5 : 5));
      writeFileSync(paths.metrics, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    },
  };
  for (const step of steps) await run.reach(step);
  run.measure(rows);
  await writeStatus(paths, { status: 'finished', message: 'All steps are done.', step: 240, seconds: 12 });
  return run;
}

/** A file that no library is known by: tensors of (i + 1) × 2 values from −i to i + 1. */
export async function unknownTensors(
  folder: string,
  count: number,
  change: (values: Float32Array, i: number) => void = () => undefined,
): Promise<string> {
  const file = path.join(folder, `unknown-${++made}.safetensors`);
  const tensors = Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const data = Float32Array.from({ length: 2 * i + 2 }, (_, k) => k - i);
      change(data, i);
      return [`block.${i}.weight`, { shape: [i + 1, 2], data }];
    }),
  );
  await writeSafetensors(file, tensors, {});
  return file;
}
