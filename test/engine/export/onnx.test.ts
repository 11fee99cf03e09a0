/** Exported files, run by ONNX Runtime, against the flow run eagerly; and what is left when something is wrong. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../../src/base/user-error';
import { exportOnnx } from '../../../src/engine/export/onnx';
import { exportTorch } from '../../../src/engine/export/torch';
import { openModel } from '../../../src/engine/open/open-model';
import { openOnnxFlow } from '../../../src/engine/onnx-flow/open-onnx-flow';
import { openModelFile } from '../../../src/checkpoint/model-file';
import { openRunner } from '../../../src/engine/open/open-runner';
import { readMetadata } from '../../../src/engine/onnx-file/metadata';
import { readOnnx } from '../../../src/engine/onnx-file/read';
import { openSession } from '../../../src/engine/onnx-file/session';
import { temporaryTag } from '../../../src/files/atomic';
import { decode } from '../../../src/flow/flow';
import { CancelledError } from '../../../src/protocol/wire';
import { contextOf, inputOf, maxAbsDifference, onCpu, perExample, toTensors } from '../../contract/eager';
import { digitsModel, moonsModel, refused, smallModel, standardize, type SmallModel } from '../inspect/model';

const cases: { name: string; model: Record<string, unknown>; source: string; standardized: boolean }[] = [
  {
    name: 'images with padding',
    model: { ...digitsModel, height: 6, width: 6, pad: 1 },
    source: 'none.idx',
    standardized: false,
  },
  { name: 'digits', model: digitsModel, source: 'digits', standardized: false },
  { name: 'vectors', model: moonsModel, source: 'moons', standardized: true },
];

const heavy = { mean: [1e5, 0.25], std: [1e8, 0.5], names: ['income', 'age'] };
const batches = [1, 3];
let folder: string;
before(async () => {
  await onCpu();
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-export-'));
});
after(() => rm(folder, { recursive: true }));

describe('exported ONNX files', () => {
  for (const { name, model: config, source, standardized } of cases) {
    it(`compute what the flow does, for ${name}`, async () => {
      const model = await smallModel(config, source, standardized ? { standardize } : {});
      try {
        const report = await exportOnnx(model.opened, path.join(folder, name, 'flow.onnx'));
        assert.deepEqual(
          report.files.map((file) => path.basename(file.path)),
          ['flow.forward.onnx', 'flow.inverse.onnx', 'flow.sample.onnx'],
        );
        assert.ok(report.maxAbs <= 1e-3 && report.differences.length === 6);
        await compare(model, path.join(folder, name));
      } finally {
        await model.dispose();
      }
    });
  }

  it('say what they are, with core operators of opset 17 only', async () => {
    const file = path.join(folder, 'vectors', 'flow.forward.onnx');
    const { summary, tensors } = await readOnnx(file);
    assert.equal(summary.opset, 17);
    assert.ok(summary.operators.every(({ op }) => !op.includes('.')));
    assert.deepEqual(summary.inputs, [{ name: 'x', dtype: 'float', shape: ['N', 2] }]);
    assert.deepEqual(
      summary.outputs.map(({ name }) => name),
      ['z', 'logdet', 'logdet_layers'],
    );
    const metadata = readMetadata(file, summary.metadata)!;
    assert.equal(metadata.part, 'forward');
    assert.equal(metadata.config.model.kind, 'vector');
    assert.equal(metadata.couplings.length, 4);
    assert.deepEqual(metadata.standardize, standardize);
    assert.ok(tensors.some(({ name }) => name.startsWith('couplings.0.net.0.weight')));
    const opened = await openModel(file, { info: { name: 'onnxruntime', threads: 1 } } as never);
    const described = await opened.summary();
    assert.equal(described.format, 'onnx');
    assert.equal(described.runnable, true, described.reason);
    assert.equal(described.kind, 'vector');
    assert.equal(described.layers.filter(({ coupling }) => coupling !== undefined).length, 4);
    assert.ok(described.layers.every(({ kind }) => kind !== 'unknown'));
    await opened.dispose();
  });

  it('are not left behind when they differ from the model', async () => {
    const model = await smallModel(moonsModel, 'moons', { standardize: heavy });
    try {
      const flow = model.flow;
      const tensors = flow.tensors;
      const other = Object.fromEntries(
        Object.entries(tensors).map(([name, { shape, data }]) => [
          name,
          { shape, data: name.endsWith('bias') ? (data as Float32Array).map((v) => v + 0.01) : data },
        ]),
      );
      let reads = 0;
      // Written from other values than those that the model has when it is compared.
      const changing = Object.defineProperty({ ...flow }, 'tensors', {
        get: () => (reads++ < 3 ? other : tensors),
      });
      const target = path.join(folder, 'different');
      await assert.rejects(
        exportOnnx({ ...model.opened, flow: changing }, target),
        refused(
          /do not compute what the model does.*x of inverse by \S+ \((income|age) is [-\d.]+ in the model and [-\d.]+ in the file\)/,
        ),
      );
      await assert.rejects(readdir(target), { code: 'ENOENT' });
    } finally {
      await model.dispose();
    }
  });

  /** Of scales that are multiplied by the factor, and of a feature whose deviation is 1e8. */
  const heavyModel = (factor: number): Promise<SmallModel> =>
    smallModel({ ...moonsModel, scaleMap: 'exp' }, 'moons', {
      standardize: heavy,
      change: (values) => {
        for (const [name, { data }] of Object.entries(values))
          if (/(weight|bias)$/.test(name)) data.forEach((value, i) => (data[i] = factor * value));
      },
    });

  it('are compared in deviations of each feature', async () => {
    // Float32 holds incomes around 1 to about ±10 on the way back: 3.4 and 12.2 are the same to 1e-7 deviations.
    const model = await heavyModel(3);
    try {
      const report = await exportOnnx(model.opened, path.join(folder, 'heavy', 'flow.onnx'));
      const inverse = report.differences.find(({ kind, output }) => kind === 'inverse' && output === 'x')!;
      assert.ok(inverse.maxAbs <= 1e-5, JSON.stringify(inverse));
    } finally {
      await model.dispose();
    }
  });

  it('of a flow that is unstable in deviations too are refused, with the feature and what to do', async () => {
    const model = await heavyModel(6);
    try {
      await assert.rejects(
        exportOnnx(model.opened, path.join(folder, 'unstable', 'flow.onnx')),
        refused(
          /x of inverse by values that are not finite \(income is NaN in the model.*earlier checkpoint/,
        ),
      );
    } finally {
      await model.dispose();
    }
  });

  it('of a process that was killed are removed, and those of one that runs are not', async () => {
    const model = await smallModel(moonsModel, 'moons');
    try {
      const ended = spawnSync(process.execPath, ['-e', '']).pid;
      const target = path.join(folder, 'killed');
      const [left, going] = [ended, process.pid].map((pid) => {
        const tag = temporaryTag();
        return `.flowscope-export-${tag.slice(0, 8)}${pid.toString(16).padStart(8, '0')}${tag.slice(16)}`;
      }) as [string, string];
      for (const name of [left, going]) {
        await mkdir(path.join(target, name), { recursive: true });
        await writeFile(path.join(target, name, 'flow.forward.onnx'), 'half');
      }
      await exportOnnx(model.opened, path.join(target, 'flow.onnx'));
      const parts = ['flow.forward.onnx', 'flow.inverse.onnx', 'flow.sample.onnx'];
      assert.deepEqual((await readdir(target)).sort(), [going, ...parts]);
    } finally {
      await model.dispose();
    }
  });

  it('go to no file, and to no folder that cannot be made', async () => {
    const model = await smallModel(moonsModel, 'moons');
    try {
      const file = path.join(folder, 'taken');
      await writeFile(file, '');
      const refused = [[file, /taken: is a file; expected a folder/]] as [string, RegExp][];
      if (process.platform === 'linux') refused.push(['/proc/flowscope/flow', /no folder can be made there/]);
      for (const [target, says] of refused) {
        for (const written of [exportOnnx, exportTorch])
          await assert.rejects(
            written(model.opened, target),
            (error) => error instanceof UserError && says.test(error.message),
          );
      }
    } finally {
      await model.dispose();
    }
  });

  it('of two exports are no pair', async () => {
    const mixed = path.join(folder, 'mixed');
    const model = await smallModel(moonsModel, 'moons');
    try {
      for (const name of ['one', 'two']) await exportOnnx(model.opened, path.join(mixed, `${name}.onnx`));
    } finally {
      await model.dispose();
    }
    const [forward, inverse] = ['one.forward.onnx', 'one.inverse.onnx'].map((name) => path.join(mixed, name));
    const notesOf = async (): Promise<readonly string[]> => {
      const flow = await openOnnxFlow(forward!, 1);
      await flow.dispose();
      return flow.notes;
    };
    const runnerFrom = async (file: string): Promise<string> => {
      const ends: (() => Promise<void>)[] = [];
      const opening = {
        threads: () => 1,
        note: () => undefined,
        onEnd: (end: () => Promise<void>) => ends.push(end),
      };
      const opened = await openRunner(opening as never, await openModelFile(file), 'forward');
      for (const end of ends) await end();
      return opened.file;
    };
    assert.deepEqual(await notesOf(), []);
    assert.equal(await runnerFrom(inverse!), forward);
    // The same numbers, so that only the mark of the export tells.
    await rename(path.join(mixed, 'two.inverse.onnx'), inverse!);
    assert.deepEqual(await notesOf(), ['one.inverse.onnx beside it is of another export and is left out']);
    await assert.rejects(
      runnerFrom(inverse!),
      (error) =>
        error instanceof UserError &&
        /is of another export than one\.forward\.onnx beside it/.test(error.message),
    );
  });

  it('are not left behind when cancelled', async () => {
    const model = await smallModel(moonsModel, 'moons');
    try {
      const controller = new AbortController();
      const target = path.join(folder, 'vectors');
      const before = await readdir(target);
      const running = exportOnnx(model.opened, path.join(target, 'second.onnx'), {
        signal: controller.signal,
        onProgress: ({ fraction }) => {
          if (fraction >= 0.5) controller.abort();
        },
      });
      await assert.rejects(running, CancelledError);
      assert.deepEqual(await readdir(target), before);
    } finally {
      await model.dispose();
    }
  });
});

describe('a damaged ONNX file', () => {
  it('is refused with a message', async () => {
    const whole = await readFile(path.join(folder, 'vectors', 'flow.forward.onnx'));
    const damaged: [string, Uint8Array][] = [
      ['empty', new Uint8Array(0)],
      ['cut', whole.subarray(0, Math.floor(whole.length / 2))],
      ['noise', Uint8Array.from({ length: 300 }, (_, i) => (i * 89 + 7) % 256)],
      ['text', Buffer.from('this is no model')],
    ];
    for (const [name, bytes] of damaged) {
      const file = path.join(folder, `${name}.onnx`);
      await writeFile(file, bytes);
      await assert.rejects(
        readOnnx(file),
        (error) => error instanceof UserError && error.message.includes('is not a valid ONNX model'),
        name,
      );
    }
    await assert.rejects(readOnnx(path.join(folder, 'absent.onnx')), UserError);
  });
});

/** Each file on the same inputs as the flow definition, at two batch sizes. */
async function compare({ flow: model }: SmallModel, place: string): Promise<void> {
  const { flow, preprocess, config } = model;
  const ctx = (taps?: Record<string, tf.Tensor>) => contextOf(toTensors(model.tensors as never), false, taps);
  const inside = config.kind === 'vector' ? preprocess : undefined;
  const floats = (tensor: tf.Tensor): Float32Array => tensor.dataSync() as Float32Array;
  for (const count of batches) {
    const x = inputOf(flow.inputShape, count, 11);
    const taps: Record<string, tf.Tensor> = {};
    const before = inside?.forward(ctx(), x);
    const forward = flow.forward(ctx(taps), before?.value ?? x);
    const input = { shape: x.shape, data: floats(x) };

    const first = await openSession(path.join(place, 'flow.forward.onnx'));
    const found = await first.run({ x: input });
    await first.dispose();
    assert.ok(maxAbsDifference(found['z']!.data, floats(forward.value)) <= 1e-4);
    const outer = before ? perExample(before.logDet, count) : new Array<number>(count).fill(0);
    const logDet = perExample(forward.logDet, count).map((value, i) => value + outer[i]!);
    assert.ok(maxAbsDifference(found['logdet']!.data, logDet) <= 1e-4);
    const couplings = model.layers.filter(({ info }) => info.coupling !== undefined);
    assert.deepEqual(found['logdet_layers']!.shape, [count, couplings.length]);
    couplings.forEach(({ info }, k) => {
      const norm = taps[`${info.name}/logDet.norm`];
      const direct = perExample(taps[`${info.name}/logDet.coupling`]!, count).map(
        (value) => value + (norm ? norm.dataSync()[0]! : 0),
      );
      for (let i = 0; i < count; i++) {
        const value = found['logdet_layers']!.data[i * couplings.length + k]!;
        assert.ok(Math.abs(value - direct[i]!) <= 1e-4);
      }
    });

    const second = await openSession(path.join(place, 'flow.inverse.onnx'));
    const back = await second.run({ z: found['z']! });
    await second.dispose();
    assert.ok(maxAbsDifference(back['x']!.data, input.data) <= 1e-3);
    for (let i = 0; i < count; i++) {
      assert.ok(Math.abs(back['logdet']!.data[i]! + found['logdet']!.data[i]!) <= 1e-3);
    }

    const third = await openSession(path.join(place, 'flow.sample.onnx'));
    const sampled = await third.run({ noise: input, temperature: { shape: [], data: Float32Array.of(0.5) } });
    await third.dispose();
    let expected = decode(flow, preprocess, ctx(), tf.mul(x, 0.5));
    if (config.kind === 'image' && config.pad > 0) {
      const { pad, height, width, channels } = config;
      expected = tf.slice(expected, [0, pad, pad, 0], [count, height, width, channels]);
    }
    assert.deepEqual(sampled['x']!.shape, expected.shape);
    assert.ok(maxAbsDifference(sampled['x']!.data, floats(expected)) <= 1e-3);
  }
}
