/**
 * Prepares runs for python/tests/runs.py, trains the same ones with ONNX Runtime, and writes numbers that the engine draws.
 *
 *     node out/test/python/prepare-runs.js FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { computedOrder, shuffled } from '../../src/data/order';
import { stream } from '../../src/data/random';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { prepareTraining, train } from '../../src/engine/training/train';

const steps = 50;

/** A line of metrics for each step. */
const training = { steps, validateEvery: 5, checkpointEvery: 20, sampleEvery: 1000, seed: 7 };

const columns = ['a', 'b', 'c', 'd'];

const configs = {
  moons: { data: { source: 'moons', count: 3000, validation: 100 }, training },
  // Batches and blocks of validation that three processes do not share evenly.
  table: {
    data: { source: 'table.csv', contextColumns: ['d'], validation: 300 },
    model: { kind: 'vector', couplings: 4, hidden: [32, 32], between: 'batchNorm' },
    training: {
      ...training,
      ...{ batch: 50, schedule: 'cosine', warmupSteps: 10, learningRate: 2e-3, clipNorm: 2, ema: 0.9 },
    },
  },
  // Integers with noise, one of them after a map; blocks of noise that three processes do not share evenly.
  counts: {
    data: { source: 'counts.csv', transforms: { a: 'dequantize:log', b: 'dequantize' }, validation: 300 },
    model: { kind: 'vector', couplings: 2, hidden: [16], between: 'none' },
    training: { ...training, batch: 50 },
  },
  // Flow matching; lines that three processes do not share evenly.
  field: {
    data: { source: 'table.csv', contextColumns: ['d'], validation: 300 },
    model: {
      kind: 'vector',
      layers: [{ kind: 'field', slices: 2, steps: 2, net: { kind: 'mlp', hidden: [24, 24] } }],
    },
    training: { ...training, batch: 50, ema: 0.9 },
  },
  // Pictures of different sizes, cropped at random.
  photos: {
    data: { source: 'photos', crop: 'random', cropSize: 8, bits: 5, validation: 20 },
    model: { kind: 'image', base: 8, blocks: 1, pad: 1, scales: 1 },
    training: { ...training, batch: 16, flips: true, learningRate: 1e-4 },
  },
  // Batch norm in the nets and on the flow's path; a rate at which rounding does not grow to more than what is looked for.
  digits: {
    data: { source: 'digits', validation: 100 },
    model: { kind: 'image', base: 8, blocks: 1, pad: 1 },
    training: {
      ...training,
      ...{
        batch: 32,
        flips: true,
        learningRate: 1e-4,
        weightDecay: 5e-5,
        ema: 0.95,
        schedule: 'exponential',
        finalLearningRate: 1e-5,
      },
    },
  },
};

const funnel = { kind: 'vector', couplings: 2, transform: 'rationalQuadratic', hidden: [24] };
const onFunnel = { ...training, batch: 64, ema: 0.9 };

/** Trainings on a density, which the engine has built in and Python has as a function. */
const targets = {
  target: { model: funnel, training: { ...onFunnel, objective: 'reverseKl', target: 'funnel' } },
  mixed: {
    data: { source: 'funnel.csv', validation: 100 },
    model: funnel,
    training: { ...onFunnel, objective: 'mixed', target: 'funnel' },
  },
};

const funnelFile = `import math

import torch


def log_prob(x):
    v, rest = x[:, 0], x[:, 1:]
    log_v = -((v / 3) ** 2) / 2 - math.log(3)
    log_rest = -(rest**2).sum(1) * torch.exp(-v) / 2 - 4.5 * v
    return log_v + log_rest - 5 * math.log(2 * math.pi)
`;

/** Rows of dependent numbers, the first two of which are rounded where they are counts. */
function table(areCounts: boolean): string {
  const random = stream(5, 'table').normal(900 * columns.length);
  const rows = Array.from({ length: 900 }, (_, i) => {
    const [a, b, c, d] = random.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    if (areCounts) return [Math.floor(Math.exp(1 + a)), Math.round(3 * b), c, d + a].join(',');
    return [a, 2 * b + a * a, Math.tanh(c) + 0.3 * b, d + 0.5 * a].join(',');
  });
  return [columns.join(','), ...rows].join('\n');
}

function funnelDraws(): string {
  const random = stream(8, 'funnel').normal(4000);
  const rows = Array.from({ length: 400 }, (_, i) => {
    const [v, ...rest] = random.subarray(10 * i, 10 * i + 10);
    return [3 * v!, ...rest.map((x) => x * Math.exp(1.5 * v!))].join(',');
  });
  return [Array.from({ length: 10 }, (_, i) => `x${i}`).join(','), ...rows].join('\n');
}

async function photos(folder: string): Promise<void> {
  mkdirSync(folder);
  const random = stream(6, 'photos');
  for (let i = 0; i < 100; i++) {
    const [height, width] = [8 + (i % 5), 8 + (i % 7)];
    const [phase, slope] = random.normal(2) as unknown as [number, number];
    const pixels = Uint8Array.from(
      { length: height * width },
      (_, at) => 128 + 100 * Math.sin(phase + at * slope * 0.2),
    );
    await sharp(pixels, { raw: { height, width, channels: 1 } }).toFile(path.join(folder, `${i}.png`));
  }
}

/** Each purpose that a training draws for, and orders of both kinds. */
function numbers(): object {
  const order = (take: (position: number) => number): number[] =>
    Array.from({ length: 200 }, (_, i) => take(i * 20));
  return {
    noise: [...stream(3, 'noise', 17).uniform(5000)],
    flips: [...stream(0, 'flips', 1).uniform(33)],
    samples: [...stream(2 ** 31, 'samples').normal(5001)],
    permutation: [...stream(4, 'order', 2).permutation(70_000)],
    integers: Array.from({ length: 20 }, (_, i) => stream(1, 'a', i).integer(3 * 2 ** 30)),
    shuffled: order((at) => shuffled(4000, 9, 'order', 0).at(at)),
    computed: order((at) => computedOrder(4000, 9, 'order', 0).at(at)),
  };
}

async function main(folder: string): Promise<void> {
  writeFileSync(path.join(folder, 'numbers.json'), JSON.stringify(numbers()));
  writeFileSync(path.join(folder, 'table.csv'), table(false));
  writeFileSync(path.join(folder, 'counts.csv'), table(true));
  await photos(path.join(folder, 'photos'));
  writeFileSync(path.join(folder, 'funnel.csv'), funnelDraws());
  writeFileSync(path.join(folder, 'funnel.py'), funnelFile);
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  for (const [name, config] of Object.entries(configs)) {
    const file = path.join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(config));
    await prepareTraining({ config: file, output: path.join(folder, name, 'prepared') }, { backend });
    await train({ config: file, output: path.join(folder, name, 'engine') }, { backend });
  }
  for (const [name, { training, ...rest }] of Object.entries(targets)) {
    const file = (trained: object, which: string): string => {
      const config = path.join(folder, `${name}.${which}.json`);
      writeFileSync(config, JSON.stringify({ ...rest, training: { ...training, ...trained } }));
      return config;
    };
    const own = file({ target: 'funnel.py:log_prob', targetScale: 3 }, 'file');
    const namedTarget = path.join(folder, 'funnel.py:log_prob');
    const request = { config: own, output: path.join(folder, name, 'prepared'), namedTarget };
    await prepareTraining({ ...request, ...(name === 'target' ? { features: 10 } : {}) }, { backend });
    await train({ config: file({}, 'built-in'), output: path.join(folder, name, 'engine') }, { backend });
  }
  await backend.dispose();
}

void main(process.argv[2]!);
