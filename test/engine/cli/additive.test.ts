/** What a user does with a flow whose couplings only shift (NICE), by the command line. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { toFloat32 } from '../../../src/data/npy';
import { readNpz } from '../../unit/support/npz';
import { temporaryFolder } from '../../unit/support/temporary';
import { peerFile } from '../import/peers';
import { here } from './flowscope';

const { flowscope, json } = here;

const folder = temporaryFolder();
const at = (name: string): string => path.join(folder, name);

interface Score {
  nats: number[];
  mean: Record<string, number>;
}

const validation = ['--split', 'validation'];

/** What a command prints holds no number that is none. @returns what it printed */
async function printed(expected: number, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await flowscope(...args);
  assert.equal(code, expected, stderr);
  assert.doesNotMatch(stdout, /undefined|\bNaN\b(?! or)|\b0 ?%/);
  return stdout;
}
const prints = (...args: string[]): Promise<string> => printed(0, ...args);

function near(a: readonly number[], b: readonly number[]): void {
  assert.equal(a.length, b.length);
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]!) < 1e-4, `${value} and ${b[i]}`));
}

describe('a flow of additive couplings', () => {
  const run = at('run');
  /** As each library has them. */
  const libraries: [library: 'nflows' | 'normflows', model: Record<string, unknown>][] = [
    ['nflows', { net: 'residual', conditioning: 'selected', blocks: 1 }],
    ['normflows', { net: 'mlp' }],
  ];

  async function trained(output: string, model: Record<string, unknown>): Promise<void> {
    const config = {
      data: { source: 'moons' },
      model: { kind: 'vector', couplings: 4, hidden: [8], transform: 'additive', ...model },
      training: { steps: 30, validateEvery: 30, checkpointEvery: 30, sampleEvery: 30 },
    };
    writeFileSync(`${output}.json`, JSON.stringify(config));
    await json('train', '--config', `${output}.json`, '--output', output, '--seed', '3');
    process.env.FLOWSCOPE_BACKEND = 'onnxruntime';
  }
  before(() => trained(run, {}));

  test('score: couplings have no part of −ln p', async () => {
    const { mean, nats } = await json<Score>('score', run, ...validation);
    assert.equal(mean['couplings'], 0);
    assert.ok(nats.every(Number.isFinite));
    assert.doesNotMatch(await prints('score', run, ...validation), /couplings/);
  });

  test('info, diagnose and graph say what there is', async () => {
    assert.match(await prints('info', run), /couplings\.3/);
    // Samples of a flow of 30 steps are not like the data, which is a finding.
    assert.match(await printed(4, 'diagnose', run), /No layer of this flow scales values/);
    await prints('graph', run);
  });

  test('apply: there and back, with log-dets of 0', async () => {
    await json('sample', run, '--count', '20', '--seed', '1', '--output', at('x.npz'));
    await json('apply', run, '--direction', 'forward', '--input', at('x.npz'), '--output', at('z.npz'));
    const archive = await readNpz(at('z.npz'));
    const layers = toFloat32(archive.array('logdet_layers'));
    assert.deepEqual(layers.shape, [20, 4]);
    assert.ok(layers.data.every((value) => value === 0));
  });

  test('export and inspect: the ONNX files score the same, and the page is saved', async () => {
    await json('sample', run, '--count', '20', '--seed', '1', '--output', at('x.csv'));
    await json('export', run, '--output', at('flow.onnx'));
    const ours = await json<Score>('score', run, '--input', at('x.csv'));
    const theirs = await json<Score>('score', at('flow.forward.onnx'), '--input', at('x.csv'));
    near(ours.nats, theirs.nats);
    await json('inspect', run, '--output', at('page.html'));
    assert.match(readFileSync(at('page.html'), 'utf8'), /^<!doctype html>/i);
  });

  for (const [library, model] of libraries)
    test(`convert: ${library} gets couplings without a scale, which open as the same flow`, async () => {
      const source = at(library);
      await trained(source, model);
      const converted = at(`${library}.safetensors`);
      await json('convert', source, '--to', library, '--output', converted);
      const back = at(`${library}-back.flow.safetensors`);
      await json('convert', converted, '--output', back);
      const { architecture } = await json<{ architecture: { model: { transform: string } } }>('info', back);
      assert.equal(architecture.model.transform, 'additive');
    });

  test('convert: a masked flow that normflows runs the other way round stays the same flow', async () => {
    const file = at('peer.safetensors');
    copyFileSync(peerFile('normflows-additive-masked', 'state_dict.safetensors'), file);
    const slope = ['--set', 'slope=0.1'];
    await json('convert', file, '--output', at('ours.flow.safetensors'), ...slope);
    await json(
      'convert',
      at('ours.flow.safetensors'),
      '--to',
      'normflows',
      '--output',
      at('again.safetensors'),
    );
    await json('convert', at('again.safetensors'), '--output', at('again.flow.safetensors'), ...slope);
    await json('sample', at('ours.flow.safetensors'), '--count', '20', '--output', at('peer.csv'));
    const scores = await Promise.all(
      ['ours', 'again'].map((name) =>
        json<Score>('score', at(`${name}.flow.safetensors`), '--input', at('peer.csv')),
      ),
    );
    near(scores[0]!.nats, scores[1]!.nats);
  });
});
