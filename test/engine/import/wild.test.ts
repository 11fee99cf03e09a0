/**
 * Checkpoints as people train and save them, with other flows than couplings of RealNVP, against what their libraries
 * compute from them in float64: z, log-det and log p(x) of examples, and the way back of latents; on ONNX Runtime.
 *
 * Tolerances come with each case: ten times what the library's own float32 differs from its float64, and at least 1e-5.
 * Log-dets of single layers, which the libraries gave in float32, may differ by twice that.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readNpz } from '../../unit/support/npz';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { forwardGraph } from '../../../src/engine/model/flow-graphs';
import { toChannelsLast } from '../../../src/engine/model/runner';
import { openModel } from '../../../src/engine/open/open-model';
import { answer, differences, tooFar, type LibraryCase } from './library-numbers';
import { oneIn, tried } from '../../tried';
import { importCheckpoint } from '../../unit/checkpoint/opened';

interface WildCase extends LibraryCase {
  /** Files that it needs next to it. */
  companions?: string[];
  tolerance: LibraryCase['tolerance'] & { layers?: number };
  /** Names of the layers in the file, data to latent, as `logdet_layers` has them; empty for those that are not compared. */
  layers?: string[];
}

const wildFolder = path.resolve('test', 'fixtures', 'wild');
const cases = readdirSync(wildFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const fileOf = (name: string, file: string): string => path.join(wildFolder, name, file);

let backend: Backend;
let folder: string;
before(async () => {
  backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-wild-'));
});
after(async () => {
  await backend.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('checkpoints as people save them', () => {
  for (const name of tried('engine/import/wild: files', cases, oneIn(3))) {
    it(`${name} computes what its library computes`, async () => {
      const wild = JSON.parse(readFileSync(fileOf(name, 'case.json'), 'utf8')) as WildCase;
      const { checkpoint, tolerance } = wild;
      const file = path.join(folder, name, checkpoint);
      await mkdir(path.dirname(file));
      for (const part of [checkpoint, ...(wild.companions ?? [])]) {
        await copyFile(fileOf(name, part), path.join(folder, name, part));
      }
      await answer(file, wild);
      const model = await openModel(file, backend);
      try {
        assert.ok(model.flow, 'it opens as a table of tensors');
        const { flow } = model.flow;
        const off = tooFar(await differences(model.flow, fileOf(name, 'io.npz'), tolerance), tolerance);
        assert.deepEqual(off, []);

        if (!wild.layers) return;
        const allowed = 2 * (tolerance.layers ?? tolerance.logdet!);
        const archive = await readNpz(fileOf(name, 'io.npz'));
        const values = (array: string): Float32Array =>
          Float32Array.from(archive.array(array).data as ArrayLike<number>);
        const count = archive.array('x').shape[0]!;
        const x = toChannelsLast(
          values('x'),
          flow.inputShape,
          flow.inputShape.length === 3 ? 'nchw' : 'nhwc',
        );
        const context = archive.names.includes('context')
          ? toChannelsLast(values('context'), model.flow.runner.context?.shape ?? [], 'nchw')
          : undefined;
        const imported = await importCheckpoint(file);
        assert.ok('layerNames' in imported);
        const program = await model.flow.program('layers', () =>
          forwardGraph(flow, { tapFilter: (tap) => tap.endsWith('/logDet') }),
        );
        const out = await program.run({
          x: { shape: [count, ...flow.inputShape], data: x },
          ...(context ? { context: { shape: [count, context.length / count], data: context } } : {}),
        });
        const theirs = values('logdet_layers');
        for (const [column, inFile] of wild.layers.entries()) {
          if (inFile === '') continue;
          // What is one layer in the file may be several of ours, each under the name of its part.
          const taps = Object.entries(imported.layerNames)
            .filter(
              ([, part]) => part === inFile || part.startsWith(`${inFile}.`) || part.startsWith(`${inFile}/`),
            )
            .flatMap(([ours]) => out[`tap:${ours}/logDet`] ?? []);
          if (taps.length === 0) continue;
          for (let i = 0; i < count; i++) {
            const logDets = taps.map(({ data }) => data[data.length === 1 ? 0 : i]!);
            const sum = logDets.reduce((total, value) => total + value, 0);
            const difference = Math.abs(sum - theirs[i * wild.layers.length + column]!);
            assert.ok(difference <= allowed, `log-det of ${inFile} is off by ${difference}`);
          }
        }
      } finally {
        await model.dispose();
      }
    });
  }
});
