/** Flow matching, against what is known of normal data in closed form. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import { cheapestMatching, nearestNoise } from '../../../src/engine/training/lines';
import { train } from '../../../src/engine/training/train';
import { contextOf, onCpu, toTensors, type Values } from '../../contract/eager';
import { flowOf } from '../../contract/flow-of';
import { temporaryFolder } from '../../unit/support/temporary';
import { refused } from '../inspect/model';

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const field = {
  ...{ kind: 'field', slices: 5, solver: 'midpoint', steps: 2 },
  net: { kind: 'mlp', hidden: [32] },
};
const training = {
  ...{ steps: 3000, batch: 256, learningRate: 5e-3, schedule: 'cosine', warmupSteps: 20, ema: 0.99 },
  ...{ validateEvery: 1500, checkpointEvery: 3000, sampleEvery: 3000 },
};

/** Rows of `a` and `b`, two normal features of which the second leans on the first, and a condition that both follow. */
const count = 6000;
const normal = stream(3, 'table').normal(3 * count);
const rows = Array.from({ length: count }, (_, i) => {
  const [c, u, v] = normal.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
  return [3 * c + 2 * u, 5 + c + 0.5 * u + 0.5 * v, c];
});

let backend: Backend;

async function trained(name: string, config: object, more: object = {}) {
  await writeFile(at(`${name}.flow.json`), JSON.stringify(config));
  return train({ config: at(`${name}.flow.json`), output: at(name), ...more }, { backend });
}

before(async () => {
  await onCpu();
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  await writeFile(at('pair.csv'), ['a,b', ...rows.map(([a, b]) => `${a},${b}`)].join('\n'));
  await writeFile(at('given.csv'), ['a,b,c', ...rows.map((row) => row.join())].join('\n'));
});

/** Mean −ln p of normal rows, in nats, by the determinant of their covariance. */
const entropy = (determinant: number, features: number): number =>
  0.5 * (features * (1 + Math.log(2 * Math.PI)) + Math.log(determinant));

const config = { data: { source: 'pair.csv' }, model: { kind: 'vector', dim: 2, layers: [field] }, training };

describe('flow matching', () => {
  it('lowers the error of the velocity to what crossing lines leave, and nears the entropy', async () => {
    const result = await trained('pair', config);
    const metrics = await readMetrics(runPaths(at('pair')));
    const errors = metrics.map(({ velocityError }) => velocityError!);
    assert.ok(errors[0]! > errors.at(-1)!);
    // Covariances with the eigenvalues λ leave the mean of λ/((1 − t)²λ + t²) over t: here λ is 1 ± the correlation.
    const left = (λ: number): number => {
      const [steps, h] = [2000, 1 / 2000];
      return Array.from({ length: steps }, (_, i) => (i + 0.5) * h).reduce(
        (sum, t) => sum + (h * λ) / ((1 - t) ** 2 * λ + t * t),
        0,
      );
    };
    const correlation = (3 + 1) / Math.sqrt(13 * 1.5);
    const least = (left(1 + correlation) + left(1 - correlation)) / 2;
    assert.ok(Math.abs(errors.at(-1)! - least) < 0.06, `${errors.at(-1)}, not ${least}`);
    const nats = entropy(13 * 1.5 - 16, 2);
    assert.ok(Math.abs(result.best!.nats - nats) < 0.08, `${result.best!.nats}, not ${nats}`);
    assert.ok(metrics.every(({ trainNats }) => trainNats === undefined));
  });

  it('takes a condition', async () => {
    const result = await trained('given', {
      ...config,
      data: { source: 'given.csv', contextColumns: ['c'] },
      model: { ...config.model, context: 1 },
    });
    // Given c, (a, b) has the covariance ((4, 1), (1, 0.5)).
    const nats = entropy(4 * 0.5 - 1, 2);
    assert.ok(Math.abs(result.best!.nats - nats) < 0.12, `${result.best!.nats}, not ${nats}`);
  });

  it('goes on after an interruption as if there had been none', async () => {
    const short = { ...config, training: { ...training, steps: 12, warmupSteps: 2, validateEvery: 6 } };
    await trained('whole', short);
    await trained('parts', short, { maxSteps: 5 });
    await train({ output: at('parts'), resume: true }, { backend });
    const [whole, parts] = await Promise.all(
      ['whole', 'parts'].map((name) => loadAnyCheckpoint(runPaths(at(name)).last)),
    );
    assert.deepEqual(parts!.tensors, whole!.tensors);
  });

  it('is offered as a preset, whose flow opens with slices', async () => {
    const output = at('preset');
    await train({ data: at('pair.csv'), preset: 'flow-matching', output, maxSteps: 3 }, { backend });
    const model = await openModel(runPaths(output).last, backend);
    try {
      assert.deepEqual([...new Set(model.flow!.flow.layers.map(({ kind }) => kind))], ['slice']);
    } finally {
      await model.dispose();
    }
  });

  it('is refused for a field among other layers, and for other pairs by PyTorch', async () => {
    const mixed = { ...config, model: { ...config.model, layers: [field, { kind: 'actNorm' }] } };
    await assert.rejects(
      trained('mixed', mixed),
      refused(/trains one vector field with a standard normal base/),
    );
    await assert.rejects(
      trained(
        'torch',
        { ...config, training: { ...config.training, pairs: 'nearest' } },
        { launch: { name: 'torch' as const } },
      ),
      refused(/training\.pairs is "nearest": PyTorch trainings pair examples with noise at random/),
    );
  });
});

describe('noise that is nearest', () => {
  it('has the least sum of squared distances, by trying all orders', () => {
    const orders = (left: number[]): number[][] =>
      left.length === 0
        ? [[]]
        : left.flatMap((first) => orders(left.filter((j) => j !== first)).map((rest) => [first, ...rest]));
    const n = 6;
    for (let seed = 0; seed < 20; seed++) {
      const costs = Float64Array.from(stream(seed, 'costs').normal(n * n), Math.abs);
      const costOf = (columns: Iterable<number>): number =>
        [...columns].reduce((sum, j, i) => sum + costs[i * n + j]!, 0);
      const found = cheapestMatching(costs, n);
      assert.equal(new Set(found).size, n);
      const least = Math.min(...orders([...Array(n).keys()]).map(costOf));
      assert.ok(Math.abs(costOf(found) - least) < 1e-12);
    }
  });

  it('is in the order of the examples where there is one feature', () => {
    const data = stream(1, 'x').normal(200);
    const noise = nearestNoise(data, stream(1, 'z').normal(200), 200);
    const ranks = (values: Float32Array): number[] => {
      const sorted = Array.from(values).sort((a, b) => a - b);
      return Array.from(values, (value) => sorted.indexOf(value));
    };
    assert.deepEqual(ranks(noise), ranks(data));
  });

  it('leaves less of the velocity’s error than random noise, and the same density', async () => {
    const nearest = {
      ...config,
      // A matching takes time with the cube of the batch.
      training: { ...training, steps: 1500, batch: 64, pairs: 'nearest' },
    };
    const result = await trained('nearest', nearest);
    const [random, paired] = await Promise.all(
      ['pair', 'nearest'].map(async (name) => (await readMetrics(runPaths(at(name)))).at(-1)!.velocityError!),
    );
    assert.ok(paired! < random! / 2, `${paired}, ${random}`);
    const nats = entropy(13 * 1.5 - 16, 2);
    assert.ok(Math.abs(result.best!.nats - nats) < 0.08, `${result.best!.nats}, not ${nats}`);
  });

  it('is refused for a flow with a context', async () => {
    const nearest = {
      ...config,
      data: { source: 'given.csv', contextColumns: ['c'] },
      model: { ...config.model, context: 1 },
      training: { ...training, pairs: 'nearest' },
    };
    await assert.rejects(trained('given-nearest', nearest), refused(/pairs: expected "random"/));
  });
});

describe('reflow', () => {
  /** How far one step of Euler ends from many steps, root mean square over latents. */
  async function bendOf(run: string): Promise<number> {
    const { tensors } = await loadAnyCheckpoint(runPaths(at(run)).last);
    const count = 200;
    const z = stream(5, 'z').normal(2 * count);
    const ends = (slices: number, solver: string): Float32Array => {
      const flow = flowOf({ kind: 'vector', dim: 2, layers: [{ ...field, slices, solver, steps: 1 }] });
      return tf.tidy(() => {
        const ctx = contextOf(toTensors(tensors as Values), false);
        return flow.inverse(ctx, tf.tensor2d(z, [count, 2])).value.dataSync() as Float32Array;
      });
    };
    const [one, many] = [ends(1, 'euler'), ends(40, 'rk4')];
    return Math.sqrt(one.reduce((sum, value, i) => sum + (value - many[i]!) ** 2, 0) / count);
  }

  it('straightens the paths of a trained flow, so that one step comes near its samples', async () => {
    const moons = {
      ...config,
      data: { source: 'moons', count: 4000 },
      training: { ...training, steps: 4000, warmupSteps: 20 },
    };
    await trained('curved', moons);
    const straighter = { data: moons.data, training: { ...moons.training, steps: 400, pairs: 'reflow' } };
    await assert.rejects(trained('none', { ...moons, ...straighter }), refused(/name it by --from/));
    const from = runPaths(at('curved')).best;
    await trained('straight', straighter, { from });
    const [before, after] = [await bendOf('curved'), await bendOf('straight')];
    assert.ok(after < before / 2, `${before} before, ${after} after`);
    // Its first flow is still the one whose paths are learned after an interruption.
    await trained('halves', straighter, { from, maxSteps: 150 });
    await train({ output: at('halves'), resume: true }, { backend });
    const [whole, halves] = await Promise.all(
      ['straight', 'halves'].map((name) => loadAnyCheckpoint(runPaths(at(name)).last)),
    );
    assert.deepEqual(halves!.tensors, whole!.tensors);
  });
});
