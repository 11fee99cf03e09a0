/**
 * Checkpoints as people train and save them, with other flows than couplings of RealNVP, against what their libraries
 * compute from them in float64: z, log-det and log p(x) of examples, and the way back of latents; on ONNX Runtime.
 *
 * Tolerances come with each case: ten times what the library's own float32 differs from its float64, and at least 1e-5.
 * Log-dets of single layers, which the libraries gave in float32, may differ by twice that.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { importCheckpoint } from '../../../src/checkpoint/import/load';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { readNpz } from '../../../src/data/npz';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { forwardGraph } from '../../../src/engine/model/flow-graphs';
import { fromChannelsLast, toChannelsLast } from '../../../src/engine/model/layout';
import { openModel } from '../../../src/engine/open/open-model';
import type { ImportAnswers } from '../../../src/protocol/import';
import { maxAbsDifference } from '../../contract/eager';

interface WildCase {
  /** As in the sidecar. */
  library: string;
  /** The file as the library saves it. */
  checkpoint: string;
  /** Files that it needs next to it. */
  companions?: string[];
  /** What the file does not hold and is not the default. */
  answers: ImportAnswers;
  /** Largest absolute differences to float64; absent for what the library does not give, or means something else by. */
  tolerance: { z: number; logdet?: number; log_prob: number; x?: number; layers?: number };
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
  for (const name of cases) {
    it(`${name} computes what its library computes`, async () => {
      const wild = JSON.parse(readFileSync(fileOf(name, 'case.json'), 'utf8')) as WildCase;
      const { library, checkpoint, answers, tolerance } = wild;
      const file = path.join(folder, name, checkpoint);
      await mkdir(path.dirname(file));
      for (const part of [checkpoint, ...(wild.companions ?? [])]) {
        await copyFile(fileOf(name, part), path.join(folder, name, part));
      }
      if (Object.keys(answers).length > 0)
        await writeFile(sidecarPath(file), JSON.stringify({ library, answers }));

      const archive = await readNpz(fileOf(name, 'io.npz'));
      const values = (array: string): Float32Array =>
        Float32Array.from(archive.array(array).data as ArrayLike<number>);
      const count = archive.array('x').shape[0]!;
      const optional = (array: string): Float32Array | undefined =>
        archive.names.includes(array) ? values(array) : undefined;
      const context = optional('context');

      const model = await openModel(file, backend);
      try {
        assert.ok(model.flow, 'it opens as a table of tensors');
        const { runner: ours, flow } = model.flow;
        // Latents as the library gives them.
        const runner = ours.asLibrary ?? ours;
        const layout = flow.inputShape.length === 3 ? 'nchw' : 'nhwc';
        const x = toChannelsLast(values('x'), runner.inputShape, layout);
        const { z, logDet, prior } = await runner.forward(x, count, 'flow', { context });
        const off = (what: keyof WildCase['tolerance'], found: Float32Array, theirs: Float32Array): void => {
          const difference = maxAbsDifference(found, theirs);
          assert.ok(difference <= tolerance[what]!, `${what} is off by ${difference}`);
        };
        const expected = values('z_f64');
        off('z', fromChannelsLast(z, runner.outputShape, layout), expected);
        if (tolerance.logdet !== undefined) off('logdet', logDet, values('logdet_f64'));
        const logProb = logDet.map((value, i) => value + prior[i]!);
        off('log_prob', logProb, values('log_prob_f64'));
        if (tolerance.x !== undefined) {
          const latents = toChannelsLast(values('z_in'), runner.outputShape, layout);
          const back = await runner.inverse(latents, archive.array('z_in').shape[0]!, 'flow', {
            context: optional('context_in'),
          });
          // A library that gives the last latents alone leads back with the means of the others.
          const theirs = optional('x_from_z_f64') ?? values('x_from_z_mean');
          off('x', fromChannelsLast(back.x, runner.inputShape, layout), theirs);
        }

        if (!wild.layers) return;
        const allowed = 2 * (tolerance.layers ?? tolerance.logdet!);
        const imported = await importCheckpoint(file);
        assert.ok('layerNames' in imported);
        const program = await model.flow.program('layers', () =>
          forwardGraph(flow, { wanted: (tap) => tap.endsWith('/logDet') }),
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
