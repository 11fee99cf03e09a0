/** Several kinds of flow trained for equal time: short, on two moons. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { UserError } from '../../src/base/user-error';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../src/engine/backends/tensorflow';
import type { Backend } from '../../src/engine/backends/backend';
import { comparePresets } from '../../src/engine/compare-presets';
import type { PresetComparison, PresetResult } from '../../src/protocol/compare-presets';
import { temporaryFolder } from '../unit/support/temporary';
import { json, start } from './cli/flowscope';

const folder = temporaryFolder();
let backend: Backend;
let inference: Backend;
before(async () => {
  backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
  inference = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
});
after(async () => {
  await backend.dispose();
  await inference.dispose();
});

interface Comparison {
  presets?: string[];
  output: string;
  onResult?: (result: PresetResult) => void;
  signal?: AbortSignal;
}

const compare = ({
  presets = ['realnvp', 'maf'],
  output,
  onResult,
  signal,
}: Comparison): Promise<PresetComparison> =>
  comparePresets(
    { data: 'moons', presets, output: path.join(folder, output), seconds: 1.5, seed: 3 },
    {
      ...{ backend, inference, signal: signal ?? new AbortController().signal },
      ...(onResult ? { onResult } : {}),
    },
  );

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof UserError && (assert.match(error.message, pattern), true);

describe('presets are compared', () => {
  it('each in its own run, for equal time, the best first', async () => {
    const order: string[] = [];
    const { results, unit, left } = await compare({
      output: 'both',
      onResult: ({ preset }) => order.push(preset),
    });
    assert.deepEqual(order, ['realnvp', 'maf']);
    assert.deepEqual([unit, left], ['nats', []]);
    assert.deepEqual(results.map(({ preset }) => preset).sort(), ['maf', 'realnvp']);
    assert.ok(results[0]!.best!.nats <= results[1]!.best!.nats);
    for (const { preset, run, steps, seconds, parameters, best, cost, curve } of results) {
      assert.ok(seconds < 2.5 && seconds > 0.2, `${preset}: ${seconds} s`);
      assert.ok(parameters > 1000);
      assert.equal(best!.nats, Math.min(...curve.map(({ validationNats }) => validationNats)));
      assert.ok(curve.length >= 3 && curve.at(-1)!.step <= steps, preset);
      assert.ok(cost!.score > 0 && cost!.sample > 0);
      const config = JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8')) as {
        model: { layer: string };
        training: { seed: number; patience: number };
      };
      assert.equal(config.model.layer, preset === 'maf' ? 'autoregressive' : 'coupling');
      assert.deepEqual([config.training.seed, config.training.patience], [3, 0]);
    }
  });

  it('and what was reached stays when it is ended', async () => {
    const controller = new AbortController();
    const { results, left } = await compare({
      presets: ['realnvp', 'nsf', 'maf'],
      output: 'ended',
      signal: controller.signal,
      onResult: () => controller.abort(),
    });
    assert.deepEqual(
      results.map(({ preset }) => preset),
      ['realnvp'],
    );
    assert.deepEqual(left, ['nsf', 'maf']);
    assert.ok(existsSync(path.join(results[0]!.run, 'checkpoints', 'best.flow.safetensors')));
  });

  it('unless something is wrong, which is said before anything is trained', async () => {
    await assert.rejects(
      compare({ presets: ['realnvp', 'nfs'], output: 'wrong' }),
      refused(/no preset "nfs".*"nsf"/),
    );
    await assert.rejects(compare({ presets: ['nsf', 'digits'], output: 'wrong' }), refused(/for image data/));
    await assert.rejects(
      compare({ presets: ['nsf', 'nsf'], output: 'wrong' }),
      refused(/"nsf" is named twice/),
    );
    assert.ok(!existsSync(path.join(folder, 'wrong')));
    mkdirSync(path.join(folder, 'full'));
    writeFileSync(path.join(folder, 'full', 'notes.txt'), '');
    await assert.rejects(compare({ output: 'full' }), refused(/is not empty/));
  });
});

describe('flowscope compare-presets', () => {
  const args = (output: string, seconds: number, ...rest: string[]): string[] => [
    ...['compare-presets', '--data', 'moons', '--presets', 'realnvp,nice', '--max-seconds', String(seconds)],
    ...['--output', path.join(folder, output), ...rest],
  ];

  it('gives one document, and a chart', async () => {
    const chart = path.join(folder, 'chart.html');
    const document = await json<PresetComparison & { chart: string }>(
      ...args('by-command', 1, '--chart', chart),
    );
    assert.equal(document.results.length, 2);
    assert.equal(document.chart, chart);
    const page = readFileSync(chart, 'utf8');
    assert.equal(page.match(/<polyline/g)?.length, 2);
    for (const { preset, best } of document.results) {
      assert.ok(page.includes(`<td>${preset}</td><td>${best!.nats.toFixed(3)}</td>`), preset);
    }
  });

  it('prints a table of what it has when it is interrupted', async () => {
    const running = start(args('interrupted', 2));
    await running.shows(/realnvp: .* nats after/);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    assert.equal(code, 130);
    assert.match(stdout, /preset +held-out nats/);
    assert.match(stdout, /^realnvp +-?\d+\.\d+/m);
    assert.match(stdout, /Not trained: nice|^nice /m);
  });
});
