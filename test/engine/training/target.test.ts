/** Training against a target: gradients by differences, and what a run leaves behind. */
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadResume } from '../../../src/checkpoint/resume';
import { readMetrics, readStatus, runPaths } from '../../../src/checkpoint/run-folder';
import { parseStoredConfig } from '../../../src/config/parse';
import { stream } from '../../../src/data/random';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { weighedGraph, weighedRow } from '../../../src/engine/training/against';
import { prepareTraining, train } from '../../../src/engine/training/train';
import { buildFlow } from '../../../src/flow/flow';
import { logDensities, type LogDensity } from '../../../src/flow/targets/targets';
import { contextOf, movedValues, onCpu, toTensors, type Values } from '../../contract/eager';
import { put, temporaryFolder } from '../../unit/support/temporary';
import { runHere } from '../../unit/cli/run-here';

const folder = temporaryFolder();

const modelOf = (model: object) => parseStoredConfig({ model: { kind: 'vector', ...model } }, 'test').model;

/** The loss of a step as a function of all parameters in one vector. */
function lossOf(model: object, density: LogDensity, batch: number, values?: Values) {
  const flow = buildFlow(modelOf(model));
  const start = values ?? movedValues(flow, 3);
  const noise = tf.tensor(stream(5, 'noise').normal(batch * flow.inputShape[0]!), [
    batch,
    flow.inputShape[0]!,
  ]);
  const names = flow.parameters.map(({ name }) => name);
  const state = toTensors(Object.fromEntries(flow.state.map(({ name }) => [name, start[name]!])));
  const weights = (...parameters: Tensor[]): Tensor => {
    const tensors = Object.fromEntries(names.map((name, i) => [name, parameters[i]!]));
    return weighedGraph({ flow }, density, contextOf({ ...state, ...tensors }, true), noise).logWeights;
  };
  const parameters = names.map((name) => tf.tensor(start[name]!.data, start[name]!.shape));
  const loss = (...at: Tensor[]): Scalar => tf.neg(tf.mean<Scalar>(weights(...at)));
  return { flow, names, parameters, loss, weights };
}

describe('reverse KL', () => {
  before(onCpu);

  const flows: Record<string, object> = {
    'affine couplings': { couplings: 2, hidden: [8] },
    'splines and LU': {
      ...{
        couplings: 2,
        hidden: [8],
        transform: 'rationalQuadratic',
        conditioning: 'selected',
        between: 'lu',
      },
    },
    'autoregressive layers': { couplings: 1, hidden: [8], layer: 'autoregressive' },
    'Bernstein polynomials, inverted by roots': {
      couplings: 1,
      hidden: [8],
      transform: { kind: 'bernstein' },
    },
    'a trained base and act norm': {
      couplings: 1,
      between: 'actNorm',
      base: { kind: 'diagonalNormal', trained: true },
    },
  };
  for (const [title, model] of Object.entries(flows)) {
    it(`has the gradient of differences: ${title}`, () => {
      const { parameters, loss } = lossOf(
        { dim: 10, activation: 'tanh', ...model },
        logDensities['many-well-32'],
        32,
      );
      const gradients = tf.grads(loss)(parameters);
      for (const seed of [1, 2, 3]) {
        const length = Math.sqrt(parameters.reduce((sum, { size }) => sum + size, 0));
        const directions = parameters.map(({ shape, size }, i) =>
          tf.tensor(
            stream(seed, 'direction', i)
              .normal(size)
              .map((value) => value / length),
            shape,
          ),
        );
        const step = 5e-3;
        const moved = (by: number): number =>
          loss(...parameters.map((p, i) => tf.add(p, tf.mul(directions[i]!, by)))).dataSync()[0]!;
        const expected = (moved(step) - moved(-step)) / (2 * step);
        const along = gradients.reduce(
          (sum, gradient, i) => sum + tf.sum(tf.mul(gradient, directions[i]!)).dataSync()[0]!,
          0,
        );
        assert.ok(Math.abs(along - expected) <= 0.02 * Math.abs(expected) + 0.02, `${along}, ${expected}`);
      }
    });
  }

  it('takes an affine flow to the mean and the covariance of a normal target, and knows its integral', () => {
    const covariance = [
      [2, 0.6],
      [0.6, 0.5],
    ];
    const center = [1.5, -0.7];
    const logZ = 3;
    const determinant = 2 * 0.5 - 0.6 ** 2;
    const precision = tf.tensor2d([
      [0.5 / determinant, -0.6 / determinant],
      [-0.6 / determinant, 2 / determinant],
    ]);
    const constant = logZ - Math.log(2 * Math.PI) - Math.log(determinant) / 2;
    const normal: LogDensity = (x) => {
      const from = tf.sub<Tensor2D>(x, tf.tensor1d(center));
      const square = tf.sum(tf.mul(tf.matMul(from, precision), from), 1);
      return tf.sub<Tensor1D>(constant, tf.mul(square, 0.5));
    };
    // A leaky ReLU of slope 0.999 is the identity nearly, so the coupling is linear.
    const linear = {
      hidden: [4],
      activation: 'leaky-relu',
      slope: 0.999,
      transform: 'additive',
      between: 'lu',
    };
    const built = lossOf({ dim: 2, couplings: 1, ...linear }, normal, 4096);
    const variables = built.parameters.map((value) => tf.variable(value));
    const optimizers = [tf.train.adam(0.03), tf.train.adam(0.003)] as const;
    for (let step = 0; step < 600; step++)
      optimizers[step < 350 ? 0 : 1].minimize(() => built.loss(...variables), false, variables);
    const noise = stream(9, 'fresh').normal(2 * 20_000);
    const tensors = Object.fromEntries(built.names.map((name, i) => [name, variables[i]! as Tensor]));
    const { x, logWeights } = weighedGraph(
      { flow: built.flow },
      normal,
      contextOf(tensors, false),
      tf.tensor2d(noise, [20_000, 2]),
    );
    const { efficiency, logEvidence } = weighedRow(Float64Array.from(logWeights.dataSync()));
    assert.ok(efficiency > 0.99, `${efficiency}`);
    assert.ok(Math.abs(logEvidence - logZ) < 0.02, `${logEvidence}`);
    const drawn = Float64Array.from(x.dataSync());
    const mean = [0, 1].map((d) => drawn.reduce((sum, v, i) => sum + (i % 2 === d ? v : 0), 0) / 20_000);
    mean.forEach((value, d) => assert.ok(Math.abs(value - center[d]!) < 0.12, `mean ${value}`));
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      let sum = 0;
      for (let i = 0; i < 20_000; i++) sum += (drawn[2 * i + a]! - mean[a]!) * (drawn[2 * i + b]! - mean[b]!);
      assert.ok(Math.abs(sum / 20_000 - covariance[a]![b]!) < 0.15, `covariance ${sum / 20_000}`);
    }
  });

  it('measures weights as their definition says', () => {
    const { efficiency, logEvidence, logEvidenceError } = weighedRow(
      Float64Array.from([Math.log(1), Math.log(3), NaN, -Infinity]),
    );
    assert.ok(Math.abs(efficiency - 16 / 10 / 4) < 1e-12);
    assert.ok(Math.abs(logEvidence - Math.log(1)) < 1e-12);
    // The deviation of 1, 3, 0, 0 over the root of 4, over their mean.
    assert.ok(Math.abs(logEvidenceError - Math.sqrt(1.5) / 2) < 1e-12);
    assert.equal(weighedRow(Float64Array.from([NaN, NaN])).efficiency, 0);
  });
});

describe('a training on a target', () => {
  let tensorflow: Backend;
  let onnx: Backend;
  before(async () => {
    tensorflow = await createTensorFlowBackend({ threads: 1, reason: 'test' });
    onnx = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  });
  after(async () => {
    await tensorflow.dispose();
    await onnx.dispose();
  });

  const training = {
    ...{ steps: 40, batch: 64, learningRate: 5e-3, validateEvery: 10, checkpointEvery: 15, sampleEvery: 40 },
    ...{ ema: 0.9, schedule: 'cosine', warmupSteps: 5 },
  };
  const file = (name: string, config: object): string =>
    put(folder, `${name}.flow.json`, JSON.stringify(config));
  const wells = (more: object = {}): object => ({
    model: { kind: 'vector', couplings: 2, hidden: [16], between: 'actNorm' },
    training: { ...training, objective: 'reverseKl', target: 'many-well-32', ...more },
  });

  for (const [name, chosen] of [
    ['TensorFlow', () => tensorflow],
    ['ONNX Runtime', () => onnx],
  ] as const) {
    it(`goes on exactly as if it had not stopped, on ${name}`, async () => {
      const config = file('wells', wells());
      const [whole, parts] = [path.join(folder, `whole-${name}`), path.join(folder, `parts-${name}`)];
      await train({ config, output: whole }, { backend: chosen() });
      const stopped = await train({ config, output: parts, maxSteps: 17 }, { backend: chosen() });
      assert.equal(stopped.step, 17);
      await train({ output: parts, resume: true }, { backend: chosen() });
      const [a, b] = await Promise.all([whole, parts].map((run) => loadResume(runPaths(run).resume)));
      for (const [tensor, { data }] of Object.entries(a!.tensors))
        assert.deepEqual(b!.tensors[tensor]!.data, data, tensor);
      const rows = await readMetrics(runPaths(whole));
      const validated = rows.filter(({ efficiency }) => efficiency !== undefined);
      assert.deepEqual(
        validated.map(({ step }) => step),
        [10, 20, 30, 40],
      );
      assert.ok(
        rows.every(({ trainNats, validationNats, reverseKl }) => !trainNats && !validationNats && reverseKl),
      );
      assert.ok(validated.at(-1)!.reverseKl! < validated[0]!.reverseKl! - 5);
      const last = (await readMetrics(runPaths(parts))).at(-1)!;
      assert.equal(last.efficiency, validated.at(-1)!.efficiency);
      const best = (await readStatus(runPaths(whole)))!.best!;
      const most = Math.max(...validated.map(({ efficiency }) => efficiency!));
      assert.equal(best.efficiency, most);
      assert.ok(Math.abs(best.nats + Math.log(most)) < 1e-12);
    });
  }

  it('says at which place the target was not finite', async () => {
    const config = file('steep', wells({ learningRate: 1e4, schedule: 'constant', warmupSteps: 0, ema: 0 }));
    const result = await train({ config, output: path.join(folder, 'steep') }, { backend: tensorflow });
    assert.equal(result.status, 'failed');
    assert.match(
      result.message,
      /Step \d+ is not finite: .*(layer (couplings|actNorms)\.\d|the target’s log density)/,
    );
  });

  it('mixes data and target, and validates both', async () => {
    const output = path.join(folder, 'mixed');
    const config = file('mixed', {
      data: { source: 'moons', count: 500, validation: 100 },
      model: { kind: 'vector', couplings: 2, hidden: [16] },
      training: { ...training, objective: 'mixed', target: 'gmm40' },
    });
    await train({ config, output }, { backend: tensorflow });
    const rows = await readMetrics(runPaths(output));
    const { trainNats, reverseKl, validationNats, efficiency } = rows.at(-1)!;
    for (const value of [trainNats, reverseKl, validationNats, efficiency]) assert.ok(Number.isFinite(value));
    const best = (await readStatus(runPaths(output)))!.best!;
    assert.equal(best.efficiency ?? undefined, undefined);
  });

  it('refuses what does not go together, in words', async () => {
    const refusals: [object, RegExp][] = [
      [{ ...wells(), data: { source: 'moons' } }, /data: expected none with "reverseKl"/],
      [
        { model: { kind: 'vector', dim: 2 }, training: { objective: 'reverseKl', target: 'funnel' } },
        /model\.dim: expected 10/,
      ],
      [
        {
          model: { kind: 'vector', couplings: 2, flowNorm: true },
          training: { objective: 'reverseKl', target: 'funnel' },
        },
        /batch normalization/,
      ],
      [
        {
          model: { kind: 'vector', couplings: 2, base: { kind: 'mixture' } },
          training: { objective: 'reverseKl', target: 'gmm40' },
        },
        /Draws of this trained base have no gradient/,
      ],
      [
        { model: { kind: 'vector' }, training: { objective: 'reverseKl' } },
        /training\.target: expected FILE\.py:FUNCTION, FILE\.js:FUNCTION, or one of gmm40/,
      ],
      [
        { model: { kind: 'vector' }, training: { objective: 'reverseKl', target: 'own.py' } },
        /How many numbers does own\.py take\? Say it with --features, or as model\.dim/,
      ],
      [
        { model: { kind: 'vector', dim: 3 }, training: { objective: 'reverseKl', target: 'own.py' } },
        /The training is on .*own\.py: name it in a terminal, with --target .*own\.py\./,
      ],
      [
        { data: { source: 'moons' }, model: { kind: 'vector' }, training: { targetScale: 2 } },
        /training\.targetScale: expected none/,
      ],
      [
        { data: { source: 'moons' }, model: { kind: 'vector' }, training: { target: 'gmm40' } },
        /training\.target: expected none/,
      ],
      [
        {
          data: { source: 'digits' },
          model: { kind: 'image' },
          training: { objective: 'mixed', target: 'gmm40' },
        },
        /targets are densities of rows of numbers/,
      ],
      [
        {
          model: { kind: 'vector', layers: [{ kind: 'field' }] },
          training: { objective: 'reverseKl', target: 'gmm40' },
        },
        /no vector field/,
      ],
      [
        {
          data: { source: 'moons', labelContext: true },
          model: { kind: 'vector' },
          training: { objective: 'mixed', target: 'gmm40' },
        },
        /a target has no condition/,
      ],
    ];
    for (const [i, [config, expected]] of refusals.entries()) {
      const output = path.join(folder, `refused-${i}`);
      await assert.rejects(
        train({ config: file(`refused-${i}`, config), output }, { backend: tensorflow }),
        expected,
      );
    }
  });

  it('a function runs only where it was named in a terminal, and its path is relative to the config', async () => {
    const config = put(
      folder,
      'function.json',
      JSON.stringify({
        model: { kind: 'vector', dim: 3 },
        training: { objective: 'reverseKl', target: 'own.py' },
      }),
    );
    const output = path.join(folder, 'function');
    const prepare = (more: object) => prepareTraining({ config, output, ...more }, { backend: tensorflow });
    await assert.rejects(
      prepare({ namedTarget: path.join(folder, 'own.py') }),
      /own\.py: there is no such file/,
    );
    const own = put(folder, 'own.py', 'def log_prob(x):\n    return -(x**2).sum(1)\n');
    await assert.rejects(prepare({}), /on .*own\.py: name it in a terminal, with --target .*own\.py/);
    assert.ok(!existsSync(output));
    const { config: written } = await prepare({ namedTarget: own });
    const { training } = JSON.parse(readFileSync(written, 'utf8')) as { training: { target: string } };
    assert.equal(training.target, own);
  });

  const funnelFile = (): string =>
    put(
      folder,
      'funnel.js',
      `const twoPi = 2 * Math.PI;
      exports.funnel = (x, tf) => {
        const others = x.shape[1] - 1;
        const v = x.slice([0, 0], [-1, 1]);
        const rest = x.slice([0, 1], [-1, others]).square().sum(1, true);
        const constant = -0.5 * (others + 1) * Math.log(twoPi) - Math.log(3);
        const inner = v.square().div(9).add(v.mul(others)).add(rest.mul(v.neg().exp()));
        return tf.sub(constant, inner.mul(0.5)).reshape([-1]);
      };
      exports.flat = (x, tf) => tf.zeros([x.shape[0], 1]);
      exports.eager = (x, tf) => tf.tensor1d(Array.from(x.arraySync(), ([a]) => a));
      exports.wrong = () => { throw new Error('oops'); };`,
    );

  it('a function of a JavaScript file trains as the same density built in, also after a stop', async () => {
    const run = async (
      name: string,
      target: { target: string; targetScale?: number },
      maxSteps?: number,
    ): Promise<string> => {
      const config = file(name, {
        model: { kind: 'vector', dim: 10, couplings: 2, hidden: [16] },
        training: { ...training, objective: 'reverseKl', ...target },
      });
      const output = path.join(folder, name);
      await train({ config, output, maxSteps, namedTarget: target.target }, { backend: tensorflow });
      return output;
    };
    const builtIn = await run('built-in', { target: 'funnel' });
    const own = { target: `${funnelFile()}:funnel`, targetScale: 3 };
    const written = await run('written', own, 17);
    await assert.rejects(
      train({ output: written, resume: true }, { backend: tensorflow }),
      /The training is on .*funnel\.js:funnel: name it in a terminal, with --target .*funnel\.js:funnel\./,
    );
    const namedTarget = own.target;
    await assert.rejects(
      train({ output: builtIn, resume: true, namedTarget }, { backend: tensorflow }),
      /The training is on funnel: name it in a terminal, with --target funnel\./,
    );
    await train({ output: written, resume: true, namedTarget }, { backend: tensorflow });
    const [a, b] = await Promise.all([builtIn, written].map((output) => loadResume(runPaths(output).resume)));
    for (const [tensor, { data }] of Object.entries(a!.tensors))
      assert.deepEqual(b!.tensors[tensor]!.data, data, tensor);
  });

  it('refuses a JavaScript function that is none, and shapes that are no log densities', async () => {
    const js = funnelFile();
    const refusals: [string, RegExp][] = [
      [path.join(folder, 'none.js'), /none\.js: there is no such file/],
      [put(folder, 'broken.js', 'exports.logProb = ('), /broken\.js: Unexpected/],
      [js, /funnel\.js exports no function logProb/],
      [
        put(folder, 'model.py', ''),
        /PyTorch alone trains on a function of Python, .*model\.py\. Use --launcher torch/,
      ],
      [
        `${js}:flat`,
        /expected \(x \[N, D\], tf\) => one log density for each row, \[N\]; got a tensor \[\d+, 1\]/,
      ],
      [`${js}:wrong`, /funnel\.js:wrong: oops/],
      [`${js}:eager`, /arraySync\(\) reads a tensor's values, .*funnel\.js:11/],
    ];
    for (const [i, [target, expected]] of refusals.entries()) {
      const config = file(`js-${i}`, {
        model: { kind: 'vector', dim: 2, couplings: 2, hidden: [8] },
        training: { ...training, objective: 'reverseKl', target },
      });
      await assert.rejects(
        train({ config, output: path.join(folder, `js-${i}`), namedTarget: target }, { backend: tensorflow }),
        expected,
      );
    }
  });

  it('a JavaScript function is trained on, checked and continued by the command line', async () => {
    const js = put(
      folder,
      'normal.js',
      `exports.logProb = (x, tf) => {
        const from = tf.sub(x, [1, 2]);
        return tf.sum(tf.mul(tf.matMul(from, [[2, 0.5], [0.5, 1]]), from), 1).mul(-0.5);
      };`,
    );
    const output = path.join(folder, 'from-js');
    const args = ['--target', js, '--features', '2', '--preset', 'nsf', '--output', output];
    const trained = await runHere('train', ...args, '--max-steps', '30');
    assert.equal(trained.code, 0, trained.stderr);
    const again = ['train', '--output', output, '--resume', '--max-steps', '120'];
    assert.match((await runHere(...again)).stderr, /name it in a terminal, with --target/);
    const continued = await runHere(...again, '--target', js);
    assert.equal(continued.code, 0, continued.stderr);
    const checked = await runHere('check', output, '--target', js, '--draws', '2000', '--json');
    assert.equal(checked.code, 0, checked.stderr);
    const { ess, logEvidence } = JSON.parse(checked.stdout) as {
      ess: number;
      logEvidence: { value: number; error: number };
    };
    assert.ok(ess > 20, `${ess}`);
    // The integral of exp(−xᵀPx/2) is 2π / √det P. Five errors leave a false alarm to one run in millions.
    const logZ = Math.log(2 * Math.PI) - Math.log(2 * 1 - 0.5 ** 2) / 2;
    assert.ok(
      Math.abs(logEvidence.value - logZ) < 5 * logEvidence.error + 1e-3,
      `${logEvidence.value}, ${logZ}`,
    );
  });

  it('is checked, described and opened by the command line without data and without Python', async () => {
    const output = path.join(folder, 'funnel');
    const args = ['--target', 'funnel', '--preset', 'nsf', '--max-steps', '60', '--output', output];
    const trained = await runHere('train', ...args);
    assert.equal(trained.code, 0, trained.stderr);
    assert.match(trained.stdout, /Best +ESS [\d.]+% at step/);
    const config = JSON.parse(readFileSync(path.join(output, 'config.json'), 'utf8')) as object;
    assert.ok(!('data' in config));
    const info = await runHere('info', output);
    assert.match(info.stdout, /Target +funnel, ESS [\d.]+%, log Z -?[\d.]+ ± [\d.]+/);
    const checked = await runHere('check', output, '--target', 'funnel', '--draws', '2000', '--json');
    assert.equal(checked.code, 0, checked.stderr);
    const report = JSON.parse(checked.stdout) as { logZ: number; ess: number; paretoK: number };
    assert.equal(report.logZ, 0);
    assert.ok(report.ess > 1 && Number.isFinite(report.paretoK));
    const diagnosed = await runHere('diagnose', output);
    assert.match(diagnosed.stdout, /own samples, which says nothing about the target funnel/);
    assert.match(diagnosed.stdout, /trained on the target funnel, not on data: flowscope check/);
    assert.doesNotMatch(diagnosed.stdout, /your data|Name your data|No problems found/);
    const other = await runHere('check', output, '--target', 'gmm40');
    assert.match(other.stderr, /gmm40 is a density of 2 numbers; the flow has 10/);
    const data = await runHere(
      'train',
      '--output',
      path.join(folder, 'x'),
      '--target',
      'funnel',
      '--exclude',
      'a',
    );
    assert.match(data.stderr, /reads no data/);
  });
});
