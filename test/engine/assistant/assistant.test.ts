/** What language models are told, against the command line and against numbers that are known beforehand. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createService, type EngineService } from '../../../src/engine/service';
import { CancelledError } from '../../../src/protocol/wire';
import { damageTensor } from '../../unit/support/damage';
import { temporaryFolder } from '../../unit/support/temporary';
import { here } from '../cli/flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);
const trained = (name: string): string => path.resolve('test', 'fixtures', 'trained', name);
const moons = trained('moons.flow.safetensors');
const digits = trained('digits.flow.safetensors');
const peer = (...name: string[]): string => path.resolve('test', 'fixtures', 'peers', ...name);
/** The command line computes with the same library. */
const same = ['--backend', 'onnxruntime'];
const usual = { draws: 1, seed: 0, leastLikely: 3 };

describe('what language models are told', () => {
  let engine: EngineService;
  before(() => {
    engine = createService({ backend: 'onnxruntime', threads: 1 });
  });
  after(() => engine.shutDown());

  it('scores a table as the command line does, and names the least likely rows', async () => {
    const table = at('points.csv');
    // Two points of the moons, and one far away from both.
    writeFileSync(table, 'x,y\n0,1\n0.5,-0.4\n3,3\n');
    const report = await engine.scoreFile({ model: moons, input: table, ...usual, leastLikely: 2 }, 'a');
    const cli = await json<{ nats: number[]; mean: { nats: number; prior: number } }>(
      ...['score', moons, '--input', table, ...same],
    );
    assert.equal(report.unit, 'nats');
    assert.deepEqual([report.count, report.dimensions, report.nonFinite, report.noise], [3, 2, 0, undefined]);
    assert.deepEqual(
      report.leastLikely.map(({ index }) => index),
      [2, [0, 1].sort((a, b) => cli.nats[b]! - cli.nats[a]!)[0]],
    );
    near(report.leastLikely[0]!.value, cli.nats[2]!, 1e-3);
    near(report.mean.nats, cli.mean.nats, 1e-3);
    near(report.mean.prior, cli.mean.prior, 1e-3);
    const ascending = [...cli.nats].sort((a, b) => a - b);
    for (const { probability, value } of report.quantiles) {
      near(value, ascending[Math.round(probability * 2)]!, 1e-3);
    }
  });

  it('scores images in bits/dim, with the noise that was asked for', async () => {
    const report = await engine.scoreFile(
      { model: digits, input: 'digits', ...usual, draws: 2, seed: 5 },
      'b',
    );
    const cli = await json<{ bitsPerDim: number[]; mean: { bitsPerDim: number } }>(
      ...['score', digits, '--input', 'digits', '--draws', '2', '--seed', '5', ...same],
    );
    assert.deepEqual([report.unit, report.count, report.dimensions], ['bits/dim', 1797, 64]);
    assert.deepEqual(report.noise, { draws: 2, seed: 5 });
    near(report.mean.bitsPerDim!, cli.mean.bitsPerDim, 1e-4);
    // 2.070 was measured on validation when it was trained.
    near(report.mean.bitsPerDim!, 2.07, 0.05);
    const [worst] = report.leastLikely;
    near(worst!.value, Math.max(...cli.bitsPerDim), 1e-3);
    near(cli.bitsPerDim[worst!.index]!, worst!.value, 1e-3);
  });

  it('scores with a checkpoint of another library, and says what had to be assumed', async () => {
    const checkpoint = peer('nflows-2d', 'state_dict.pt');
    const table = at('two.csv');
    writeFileSync(table, '0.25,-0.5\n1,2\n');
    const report = await engine.scoreFile({ model: checkpoint, input: table, ...usual }, 'c');
    const cli = await json<{ mean: { nats: number } }>(...['score', checkpoint, '--input', table, ...same]);
    near(report.mean.nats, cli.mean.nats, 1e-3);
    assert.match(report.notes.join(' '), /Not in the file: .*ReLU \(default\)/);
  });

  it('refuses what does not fit, in words', async () => {
    const table = at('wide.csv');
    writeFileSync(table, '1,2,3\n');
    await assert.rejects(
      engine.scoreFile({ model: moons, input: table, ...usual }, 'd'),
      /has 3 columns.*2 features/,
    );
    await assert.rejects(engine.scoreFile({ model: moons, ...usual }, 'e'), /--input FILE, or --split/);
    await assert.rejects(
      engine.scoreFile({ model: moons, input: 'moons', split: 'train', ...usual }, 'f'),
      /both say which examples/,
    );
  });

  it('is cancelled', async () => {
    const scoring = engine.scoreFile({ model: digits, input: 'digits', ...usual, draws: 64 }, 'g');
    setTimeout(() => void engine.cancel('g'), 300);
    await assert.rejects(scoring, CancelledError);
  });

  it('summarizes a checkpoint with the counts of its file', async () => {
    const report = await engine.summarizeCheckpoint(digits, 'h');
    const info = await json<{ parameterCount: number; layers: unknown[]; step: number }>('info', digits);
    assert.deepEqual(
      [report.format, report.parameterCount, report.layerCount, report.step, report.inputShape],
      ['flowscope', info.parameterCount, info.layers.length, 200, [8, 8, 1]],
    );
    near(report.validation!.bitsPerDim!, 2.07, 5e-3);
    assert.equal(report.layers.length, report.layerCount);
    assert.equal(report.run, undefined);
    const foreign = await engine.summarizeCheckpoint(peer('chrischute-rgb', 'state_dict.pt'), 'i');
    assert.equal(foreign.format, 'torch');
    assert.match(foreign.origin!.title, /chrischute\/real-nvp/);
    assert.ok(foreign.layers.some(({ kind }) => kind === 'checkerboard'));
  });

  it('says of a sound flow that every value is finite', async () => {
    const report = await engine.findNonFinite({ model: moons, index: 0, count: 32 }, 'j');
    assert.equal(report.tensors.found, 0);
    assert.ok(report.tensors.looked > 10);
    assert.equal(report.pass?.layer, undefined);
    assert.match(report.conclusion, /^Every value of \d+ layers is finite/);
  });

  it('finds the layer whose weight is NaN, as diagnose does, and repeats what the run wrote', async () => {
    const run = at('run');
    mkdirSync(path.join(run, 'checkpoints'), { recursive: true });
    const file = path.join(run, 'checkpoints', 'last.flow.safetensors');
    copyFileSync(moons, file);
    const values = damageTensor(file, 'couplings.2.net.0.weight', NaN);
    writeFileSync(path.join(run, 'config.json'), '{}');
    writeFileSync(
      path.join(run, 'run.json'),
      JSON.stringify({
        status: 'failed',
        step: 77,
        seconds: 1,
        message: 'NaN or Inf first appears in couplings.2',
      }),
    );
    const report = await engine.findNonFinite({ model: run, index: 0, count: 32 }, 'k');
    assert.deepEqual(report.tensors.first, [
      { name: 'couplings.2.net.0.weight', layer: 'couplings.2', nan: 1, inf: 0, values },
    ]);
    assert.equal(report.pass?.layer?.name, 'couplings.2');
    assert.match(
      report.conclusion,
      /first appears in coupling 3\. The stored tensor couplings\.2\.net\.0\.weight/,
    );
    assert.match(
      report.conclusion,
      /The training failed at step 77: NaN or Inf first appears in couplings\.2\./,
    );
    // TensorFlow's ReLU turns this NaN into 0, so that no output shows it.
    for (const backend of ['onnxruntime', 'tensorflow']) {
      const { code, stdout } = await flowscope('diagnose', file, '--json', '--backend', backend);
      assert.equal(code, 4, backend);
      const { findings } = JSON.parse(stdout) as { findings: { check: string; layer?: string }[] };
      assert.equal(findings.find(({ check }) => check === 'nonFinite')?.layer, report.pass.layer.name);
    }
  });

  it('sends one example of a file through, which overflows where others do not', async () => {
    const table = at('far.csv');
    writeFileSync(table, 'x,y\n0,1\n1e38,1e38\n');
    const ask = (index: number) => engine.findNonFinite({ model: moons, input: table, index, count: 2 }, 'l');
    assert.equal((await ask(0)).pass?.layer, undefined);
    const far = await ask(1);
    assert.ok(far.pass?.layer, far.conclusion);
    assert.match(far.conclusion, /example 1 of .*far\.csv/);
    await assert.rejects(ask(2), /example 2 was asked for; there are 2/);
  });

  it('looks into tensors of a file that is no flow', async () => {
    const file = at('tensors.safetensors');
    copyFileSync(path.resolve('test', 'fixtures', 'torch', 'net.safetensors'), file);
    const { tensors } = await json<{ tensors: { name: string; dtype: string }[] }>('info', file);
    const name = tensors.find(({ dtype }) => dtype === 'F32')!.name;
    damageTensor(file, name, Infinity);
    const report = await engine.findNonFinite({ model: file, index: 0, count: 2 }, 'm');
    assert.deepEqual(
      report.tensors.first.map(({ name: found, nan, inf }) => [found, nan, inf]),
      [[name, 0, 1]],
    );
    assert.ok(report.noPass);
  });
});

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected} within ${tolerance}`);
}
