/** Flows made bad on purpose, each in one way, and what is said of them; and flows that are well. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { saveCheckpoint, type Checkpoint } from '../../../src/checkpoint/checkpoint';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector } from '../../../src/engine/inspect/inspector';
import { batchOf } from '../../../src/engine/model/examples';
import { openModel } from '../../../src/engine/open/open-model';
import { buildFlow, buildPreprocess } from '../../../src/flow/flow';
import type { CheckName, Finding, Findings } from '../../../src/protocol/findings';
import type { BatchRef } from '../../../src/protocol/selection';
import { defaultBatch } from '../../../src/protocol/questions';
import { contextOf, onCpu, toTensors, type Values } from '../../contract/eager';
import { here } from '../cli/flowscope';
import { anySignal } from './model';

const { flowscope } = here;

const trained = (name: string): string =>
  path.resolve('test', 'fixtures', 'trained', `${name}.flow.safetensors`);
const batch: BatchRef = { split: 'validation', count: 64 };

let folder: string;
before(async () => {
  await onCpu();
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-findings-'));
});
after(() => rm(folder, { recursive: true }));

async function ask(file: string, ref?: BatchRef): Promise<Findings> {
  const opened = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
  const inspector = createInspector('1', opened);
  try {
    const query = { batch: ref ?? defaultBatch({ ...(await opened.summary()), id: '1' }) };
    return await inspector.ask('findings', query, anySignal());
  } finally {
    inspector.dispose();
    await opened.dispose();
  }
}

/** A trained flow with some of its tensors altered, saved and opened like any other. */
async function altered(
  name: string,
  change: (values: Values, checkpoint: Checkpoint) => void,
): Promise<{ findings: Finding[]; file: string; checkpoint: Checkpoint }> {
  const checkpoint = await loadAnyCheckpoint(trained(name));
  change(checkpoint.tensors as Values, checkpoint);
  const file = path.join(folder, `${name}-${Math.random().toString(36).slice(2)}.flow.safetensors`);
  await saveCheckpoint(file, checkpoint);
  return { findings: (await ask(file, batch)).findings, file, checkpoint };
}

function of(findings: readonly Finding[], check: CheckName): Finding {
  const found = findings.find((finding) => finding.check === check);
  assert.ok(found, `${check} is looked at`);
  return found;
}

const wrong = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ severity }) => !['ok', 'skipped'].includes(severity))
    .map(({ check, sentence }) => `${check}: ${sentence}`);

/** The taps of an altered flow over the batch, run eagerly. */
async function tapsOf(file: string): Promise<Record<string, tf.Tensor>> {
  const opened = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
  const { x, count } = await batchOf(opened.flow!, batch);
  await opened.dispose();
  const { config, standardize, tensors } = await loadAnyCheckpoint(file);
  const flow = buildFlow(config.model);
  const preprocess = buildPreprocess(config.model, flow, standardize);
  const taps: Record<string, tf.Tensor> = {};
  const ctx = contextOf(toTensors(tensors as Values), false, taps);
  const input = tf.tensor(x, [count, ...flow.inputShape]);
  flow.forward(ctx, preprocess?.forward(ctx, input).value ?? input);
  return taps;
}

describe('flows that are well', () => {
  for (const name of ['digits', 'moons']) {
    it(`${name}: nothing is wrong, and every check says what it saw`, async () => {
      const { findings, count } = await ask(trained(name));
      assert.equal(count, 64);
      assert.deepEqual(wrong(findings), []);
      assert.equal(findings.length, 12);
      for (const { severity, sentence, advice } of findings) {
        if (severity === 'ok') assert.match(sentence, /\d/);
        assert.equal(advice, undefined);
      }
      assert.doesNotMatch(of(findings, 'saturation').sentence, /\b0%/);
      const seen = findings.filter(({ severity }) => severity === 'ok').length;
      // Without batch norm there are no statistics to compare.
      assert.equal(seen, name === 'digits' ? 11 : 9);
    });
  }

  for (const file of [
    'peers/chrischute-rgb/state_dict.pt',
    'peers/nflows-2d/state_dict.pt',
    'peers/freia-tanh/state_dict.safetensors',
    'onnx/nflows-2d/forward.onnx',
    'onnx/chrischute-rgb/forward.dynamo.onnx',
  ]) {
    it(`${file}: nothing is wrong, and what needs data says so`, async () => {
      const copy = path.join(folder, file.replaceAll('/', '-'));
      await copyFile(path.resolve('test', 'fixtures', file), copy);
      // A convolutional flow draws its own images in the size that it was trained on.
      if (file.startsWith('peers/chrischute'))
        await writeFile(
          sidecarPath(copy),
          JSON.stringify({ library: 'chrischute', answers: { height: 8, width: 8 } }),
        );
      const { findings } = await ask(copy);
      assert.deepEqual(wrong(findings), []);
      assert.equal(of(findings, 'overfitting').severity, 'skipped');
      for (const check of ['nonFinite', 'scaleSize', 'deadConditioner', 'inverse'] as const)
        assert.equal(of(findings, check).severity, 'ok', check);
    });
  }
});

describe('flows that are not', () => {
  it('saturated: the last layer of a network answers far too large', async () => {
    const { findings, file } = await altered('moons', (values) => {
      for (const part of ['weight', 'bias']) {
        const { data, shape } = values[`couplings.2.net.2.${part}`]!;
        // The first half of the outputs is u.
        const width = shape[shape.length - 1]!;
        data.forEach((value, i) => {
          if (i % width < width / 2) data[i] = value * 200;
        });
      }
    });
    const found = of(findings, 'saturation');
    assert.equal(found.severity, 'warning');
    assert.equal(found.layer, 3);
    assert.equal(found.tab, 'activations');
    const taps = await tapsOf(file);
    const u = taps['couplings.2/u']!.dataSync();
    const mask =
      taps['couplings.2/u']!.shape[1] === 2
        ? [0, 1].map((d) => taps['couplings.2/s']!.dataSync().some((s, i) => i % 2 === d && s !== 0))
        : [true];
    const moving = [...u].filter((_, i) => mask[i % mask.length]);
    const share = moving.filter((value) => Math.abs(Math.tanh(value)) > 0.98).length / moving.length;
    assert.ok(share > 0.95);
    assert.ok(Math.abs((found.values.share as number) - share) < 1e-6, `${found.values.share} and ${share}`);
    assert.match(found.sentence, /coupling 3/);
    assert.ok(found.advice);
  });

  it('dead: a network whose last layer is zero', async () => {
    const { findings } = await altered('moons', (values) => {
      values['couplings.1.net.2.weight']!.data.fill(0);
    });
    const found = of(findings, 'deadConditioner');
    assert.equal(found.severity, 'warning');
    assert.equal(found.kind, 'dead');
    assert.equal(found.layer, 2);
    assert.equal(found.values.change, 0);
  });

  it('is not called dead before it was trained', async () => {
    const { findings } = await altered('moons', (values, checkpoint) => {
      checkpoint.step = 0;
      for (let k = 0; k < 6; k++) values[`couplings.${k}.net.2.weight`]!.data.fill(0);
    });
    const found = of(findings, 'deadConditioner');
    assert.equal(found.severity, 'notice');
    assert.equal(found.kind, 'untrained');
    assert.equal(found.others?.length, 5);
  });

  it('dead units: hidden biases far below zero', async () => {
    const { findings } = await altered('moons', (values) => {
      values['couplings.4.net.1.bias']!.data.fill(-1000);
      values['couplings.4.net.0.bias']!.data.fill(-1000, 0, 30);
    });
    const found = of(findings, 'deadUnits');
    assert.equal(found.severity, 'warning');
    assert.equal(found.layer, 5);
    assert.equal(found.tab, 'network');
    assert.equal(found.values.total, 64);
    assert.ok((found.values.never as number) >= 62);
  });

  it('large scales: the learned scale grown to 10 nats', async () => {
    const { findings, file } = await altered('moons', (values) => {
      values['couplings.5.scale']!.data.fill(10);
    });
    const found = of(findings, 'scaleSize');
    assert.equal(found.severity, 'notice');
    assert.equal(found.layer, 6);
    const s = (await tapsOf(file))['couplings.5/s']!.dataSync();
    const largest = Math.max(...[...s].map(Math.abs));
    assert.ok(largest > 8 && Math.abs((found.values.size as number) - largest) < 1e-3);
  });

  it('running statistics: a mean five deviations away', async () => {
    const layerName = 'scales.0.checkerboard.1.norm';
    const { findings } = await altered('digits', (values) => {
      const deviation = Math.sqrt(values[`${layerName}.variance`]!.data[0]!);
      values[`${layerName}.mean`]!.data[0]! += 5 * deviation;
    });
    const found = of(findings, 'normStatistics');
    assert.equal(found.severity, 'warning');
    assert.equal(found.values.name, layerName);
    assert.equal(found.layer, 2);
    // Five, but for what the batch itself differs by.
    assert.ok(Math.abs((found.values.mean as number) - 5) < 0.3, `${found.values.mean}`);
    const mode = of(findings, 'modes');
    assert.notEqual(mode.severity, 'ok');
    assert.ok((mode.values.running as number) > (mode.values.batch as number) + 0.1);
  });

  it('running statistics: deviations four times as large', async () => {
    const { findings } = await altered('digits', (values) => {
      const { data } = values['scales.1.checkerboard.0.net.normOut.variance']!;
      data.forEach((value, i) => (data[i] = 64 * value));
    });
    const found = of(findings, 'normStatistics');
    assert.equal(found.severity, 'notice');
    assert.equal(found.values.name, 'scales.1.checkerboard.0.net.normOut');
    assert.ok(
      Math.abs(Math.log(found.values.factor as number) - Math.log(8)) < 0.3,
      `${found.values.factor}`,
    );
  });

  it('latents: data three times as wide as the flow was trained on', async () => {
    const { findings } = await altered('moons', (_, checkpoint) => {
      checkpoint.standardize!.std = checkpoint.standardize!.std.map((std) => std / 3);
    });
    const found = of(findings, 'latents');
    assert.equal(found.severity, 'warning');
    assert.equal(found.kind, 'wide');
    assert.ok((found.values.std as number) > 1.65);
  });

  it('inverse: a shift that rounds its values away', async () => {
    const { findings } = await altered('moons', (values) => {
      const { data } = values['couplings.3.net.2.bias']!;
      data.fill(3e5, 2);
    });
    const found = of(findings, 'inverse');
    assert.notEqual(found.severity, 'ok');
    assert.equal(found.layer, 4);
    // Half a unit in the last place of 3e5 is 0.0156.
    assert.ok(
      (found.values.error as number) > 1e-3 && (found.values.error as number) < 1,
      `${found.values.error}`,
    );
  });

  it('inverse: a feature whose digits are lost beside one that is far larger', async () => {
    const { file } = await altered('moons', (_, checkpoint) => {
      checkpoint.standardize!.mean = [0, 1e10];
      checkpoint.standardize!.std = [1, 1e5];
    });
    const samples: BatchRef = { split: 'sample', count: 64 };
    const { findings } = await ask(file, samples);
    const found = of(findings, 'inverse');
    // Half a unit in the last place of 1e10 is 512, of 1e10 a share that would not count.
    assert.equal(found.severity, 'warning', found.sentence);
    assert.equal(found.layer, 0);
    assert.match(found.sentence, /within 0\.0\d+ deviations/);
    const large = await altered('moons', (_, checkpoint) => {
      checkpoint.standardize!.mean = [1e10, 1e10];
      checkpoint.standardize!.std = [1e10, 1e10];
    });
    const well = of((await ask(large.file, samples)).findings, 'inverse');
    assert.equal(well.severity, 'ok');
    assert.ok((well.values.error as number) < 1e-5, `${well.values.error}`);
  });

  it('NaN: nothing else is said', async () => {
    const { findings } = await altered('moons', (values) => {
      values['couplings.2.net.0.weight']!.data[0] = NaN;
    });
    assert.deepEqual(
      findings.map(({ check, severity, layer }) => [check, severity, layer]),
      [['nonFinite', 'error', 3]],
    );
    assert.match(findings[0]!.sentence, /couplings\.2\.net\.0\.weight holds 1 value/);
  });

  it('overfitting: 600 steps on 32 points', async () => {
    const config = path.join(folder, 'small.flow.json');
    await writeFile(
      config,
      JSON.stringify({
        data: { source: 'moons', count: 332, validation: 300 },
        model: { kind: 'vector', dim: 2, couplings: 6, hidden: [32, 32] },
        training: {
          steps: 400,
          batch: 32,
          validateEvery: 400,
          checkpointEvery: 1000,
          sampleEvery: 1000,
          learningRate: 5e-3,
        },
      }),
    );
    const run = path.join(folder, 'small');
    const training = await flowscope('train', '--config', config, '--output', run, '--quiet');
    assert.equal(training.code, 0, training.stderr);
    const { findings } = await ask(path.join(run, 'checkpoints', 'last.flow.safetensors'));
    const found = of(findings, 'overfitting');
    assert.notEqual(found.severity, 'ok');
    assert.ok((found.values.validation as number) - (found.values.train as number) > 0.25);
    assert.equal(found.values.trained, 32);
  });
});

describe('flowscope diagnose', () => {
  it('exits with 0 where nothing is wrong', async () => {
    const { code, stdout } = await flowscope('diagnose', trained('moons'), '--backend', 'onnxruntime');
    assert.equal(code, 0);
    assert.match(stdout, /^No problems found in 64 validation examples\./);
  });

  it('exits with 4 and names the layer where something is', async () => {
    const { file } = await altered('moons', (values) => values['couplings.1.net.2.weight']!.data.fill(0));
    const { code, stdout } = await flowscope('diagnose', file, '--backend', 'onnxruntime', '--json');
    assert.equal(code, 4);
    const { findings, batch: seen } = JSON.parse(stdout) as {
      findings: { check: string; layer?: string }[];
      batch: unknown;
    };
    assert.deepEqual(seen, { split: 'validation', count: 64 });
    assert.equal(findings.find(({ check }) => check === 'deadConditioner')?.layer, 'couplings.1');
  });

  it('says what to do for a split that is not there', async () => {
    const peer = path.resolve('test', 'fixtures', 'peers', 'nflows-2d', 'state_dict.pt');
    const { code, stderr } = await flowscope(
      'diagnose',
      peer,
      '--split',
      'train',
      '--quiet',
      '--backend',
      'onnxruntime',
    );
    assert.equal(code, 1);
    assert.match(stderr, /--split train:.*--split sample/);
  });
});
