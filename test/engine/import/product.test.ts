/** A file of each library through everything that a flow of our own goes through: views, samples, scores, export. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeNpz } from '../../../src/data/npz';
import { createService, type EngineService } from '../../../src/engine/service';
import type { Strip, Diagnostics } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import {
  recordPlan,
  type InspectorMethod,
  type InspectorQuery,
} from '../../../src/protocol/inspector-questions';
import { defaultSelection } from '../../../src/protocol/questions';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { runHere } from '../../unit/cli/run-here';
import { peerFile, peers, recorded } from './peers';
import { oneIn, tried } from '../../tried';

const onePerLibrary = peers.filter(({ library }, i) => peers.findIndex((p) => p.library === library) === i);

let folder: string;
let service: EngineService;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-product-'));
  service = createService({ backend: 'onnxruntime', threads: 1 });
});
after(async () => {
  await service.shutDown();
  await rm(folder, { recursive: true, force: true });
});

async function copied(name: string, as?: string): Promise<string> {
  const { file: theirs } = peers.find((peer) => peer.name === name)!;
  const file = path.join(folder, as ?? `${name}${path.extname(theirs)}`);
  await copyFile(peerFile(name, theirs), file);
  return file;
}

const ask = (summary: ModelSummary, method: InspectorMethod, query: unknown): Promise<unknown> =>
  service.ask(summary.id, method, query as InspectorQuery<typeof method>, 'test');

const flowscope = (...args: string[]) => runHere(...args, '--backend', 'onnxruntime');

for (const peer of tried('engine/import/product: libraries', onePerLibrary, oneIn(3))) {
  describe(`a file of ${peer.library}`, () => {
    it('answers every question that the inspector asks first', async () => {
      const file = await copied(peer.name);
      await service.answerImport(file, peer.answers);
      const summary = await service.open(file);
      assert.equal(summary.runnable, true);
      assert.equal(summary.format, peer.file === 'state_dict.pt' ? 'torch' : 'safetensors');
      assert.ok(summary.origin && summary.origin.assumptions.length > 0);
      assert.ok(summary.origin.assumptions.every((assumption) => !assumption.includes('(default)')));
      assert.deepEqual(summary.splits, []);
      assert.match(summary.splitsReason ?? '', /"data" section in .*\.flowscope\.json/);

      const { questions } = recordPlan(summary);
      for (const { method, query } of questions) {
        assert.ok((await ask(summary, method, query)) !== undefined, method);
      }
      const strip = (await ask(summary, 'strip', defaultSelection(summary))) as Strip;
      assert.equal(strip.rows.length, summary.layers.length);
      // Without data there are samples: the first is the example, and what they cost is what it compares with.
      assert.ok(strip.example && strip.input && strip.rows.some(({ thumbnail }) => thumbnail));
      const { batch, mode } = defaultSelection(summary);
      const { samples } = (await ask(summary, 'diagnostics', { batch, mode })) as Diagnostics;
      assert.equal(samples?.length, batch.count);
      const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
      assert.ok(Math.abs(mean - (strip.mean.bitsPerDim ?? strip.mean.nats)) < 1e-4 * (1 + Math.abs(mean)));
      await service.close(summary.id);
    });

    it('is exported as ONNX that computes the same', async () => {
      const summary = await service.open(await copied(peer.name));
      const report = await service.exportOnnx(
        summary.id,
        path.join(folder, peer.name, 'flow.onnx'),
        'export',
      );
      assert.equal(report.files.length, 3);
      assert.ok(report.maxAbs <= report.tolerance);
      await service.close(summary.id);
    });

    it('scores what the library scored, after conversion too', async () => {
      const { x, z, logDet, count } = await recorded(peer.name);
      const file = await copied(peer.name);
      const converted = path.join(folder, `${peer.name}.flow.safetensors`);
      await service.convert(file, 'flowscope', converted, 'convert');
      const dimensions = x.length / count;
      const logProb = Array.from({ length: count }, (_, i) => {
        const squares = z.subarray(i * dimensions, (i + 1) * dimensions).reduce((sum, v) => sum + v * v, 0);
        return logDet[i]! - 0.5 * (squares + dimensions * Math.log(2 * Math.PI));
      });
      const summary = await service.open(file);
      const input = path.join(folder, `${peer.name}-x.npz`);
      await writeNpz(input, { x: { shape: [count, ...summary.shape], data: x } });
      await service.close(summary.id);
      for (const model of [file, converted]) {
        const { code, stdout, stderr } = await flowscope(
          'score',
          model,
          '--input',
          input,
          '--space',
          'flow',
          '--json',
        );
        assert.equal(code, 0, stderr);
        const { nats } = JSON.parse(stdout) as { nats: number[] };
        nats.forEach((value, i) =>
          assert.ok(Math.abs(value + logProb[i]!) <= 2e-3 + 1e-5 * Math.abs(logProb[i]!), `${value} of ${i}`),
        );
      }
    });
  });
}

describe('the command line', () => {
  it('says what it assumes on standard error, and nothing once it was answered', async () => {
    const file = await copied('chrischute-rgb', 'assumed.pt');
    const output = path.join(folder, 'samples.npz');
    const args = ['sample', file, '--count', '2', '--output', output, '--json'];
    const first = await flowscope(...args);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /Not in the file: Height of the images: 32 \(default\); Width/);
    assert.doesNotMatch(first.stdout, /default/);
    await service.answerImport(file, { height: 8, width: 8 });
    const second = await flowscope(...args);
    assert.doesNotMatch(second.stderr, /default/);
  });

  it('shows in info what is asked, with the defaults and the place for answers', async () => {
    const file = await copied('chrischute-rgb', 'asked.pt');
    const { code, stdout } = await flowscope('info', file);
    assert.equal(code, 0);
    assert.match(stdout, /chrischute\/real-nvp, 2 scales, 3 → 4 channels, 2 blocks/);
    assert.match(stdout, /to be answered in .*asked\.pt\.flowscope\.json/);
    assert.match(stdout, /^height +32 /m);
  });

  it('converts with answers that are given, and refuses others', async () => {
    const file = await copied('chrischute-rgb', 'convert.pt');
    const output = path.join(folder, 'answered.flow.safetensors');
    const wrong = await flowscope('convert', file, '--output', output, '--set', 'hight=8');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /did you mean "height"\?/);
    const done = await flowscope(
      'convert',
      file,
      '-o',
      output,
      '--set',
      'height=8',
      '--set',
      'width=8',
      '--json',
    );
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /Levels of a pixel: 256 \(default\)/);
    const { shape, origin } = await service.open(output);
    assert.deepEqual(shape, [8, 8, 3]);
    assert.equal(origin?.library, 'chrischute/real-nvp');
  });
});

describe('the engine', () => {
  it('opens a file anew when its answers change', async () => {
    const file = await copied('chrischute-rgb', 'again.pt');
    const first = await service.open(file);
    assert.deepEqual(first.shape, [32, 32, 3]);
    await service.answerImport(file, { height: 8, width: 8 });
    const second = await service.open(file);
    assert.notEqual(second.id, first.id);
    assert.deepEqual(second.shape, [8, 8, 3]);
    assert.equal((await service.open(file)).id, second.id);
  });

  it('shows the tensors of a file of nobody, and says what is closest', async () => {
    const file = path.join(folder, 'zuko-spline.safetensors');
    await copyFile(peerFile('zuko-random', 'state_dict.safetensors'), file);
    // One tensor by another name, of the same length so that the file stays valid.
    const bytes = await readFile(file);
    const at = bytes.indexOf('transform.transforms.1.mask');
    bytes.write('transform.transforms.1.task', at);
    await writeFile(file, bytes);
    const summary = await service.open(file);
    assert.equal(summary.runnable, false);
    assert.ok(summary.tensors.length > 10);
    assert.match(
      summary.reason ?? '',
      /Closest is zuko, which explains \d+% of its tensors\. It lacks: .*transforms\.1/,
    );
    assert.equal(await service.importForm(file), undefined);
  });

  it('finds examples where the file beside the checkpoint names them', async () => {
    const file = await copied('zuko-2d', 'with-data.pt');
    await writeFile(
      sidecarPath(file),
      JSON.stringify({
        library: 'zuko',
        answers: {},
        data: { source: 'moons', count: 200, standardize: false },
      }),
    );
    const summary = await service.open(file);
    assert.deepEqual(
      summary.splits.map(({ name }) => name),
      ['train', 'validation'],
    );
  });
});
