/**
 * Files of other libraries, opened as any model is, against what those libraries computed: latents, log-dets in all and
 * of each layer, inverses, bits/dim; on both backends. The table goes to artifacts/importing-fidelity.md.
 *
 * Tolerances: z 1e-4, log-dets 1e-3 + 1e-5·|log-det|. Sums of float32 in another order differ by a hundredth of that, and
 * each mistaken convention (order of s and t, polarity, squeeze, affine form) by a thousandfold. The round trip may lose
 * twice what the library itself loses, and no less than float32 has to: four steps of it at the size of x, or what
 * moving each latent by two steps does to x.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { forwardGraph } from '../../../src/engine/model/flow-graphs';
import { standardLogProb } from '../../../src/engine/model/running-base';
import { openModel } from '../../../src/engine/open/open-model';
import { maxAbsDifference } from '../../contract/eager';
import { withoutTensorFlow } from '../graph/eager';
import { peerFile, peers, recorded, type Peer, type Recorded } from './peers';
import { importCheckpoint } from '../../unit/checkpoint/opened';

interface Row {
  peer: string;
  backend: string;
  z: number;
  logDet: number;
  layers: number;
  roundTrip: number;
  theirRoundTrip: number;
  bitsPerDim?: number;
}

const rows: Row[] = [];
/** Of float32, relative. */
const resolution = 2 ** -23;
const allowed = (value: number): number => 1e-3 + 1e-5 * Math.abs(value);
const backends: [string, () => Promise<Backend>][] = [
  ['ONNX Runtime', () => createOnnxRuntimeBackend({ threads: 1, reason: 'test' })],
  ...(withoutTensorFlow
    ? []
    : [
        ['TensorFlow', () => createTensorFlowBackend({ threads: 1, reason: 'test' })] as [
          string,
          () => Promise<Backend>,
        ],
      ]),
];

let folder: string;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'flowscope-import-'))));
after(async () => {
  await rm(folder, { recursive: true, force: true });
  writeTable();
});

/** The file in a folder of its own, with the answers beside it. */
async function placed({ name, library, file: theirs, answers }: Peer): Promise<string> {
  const file = path.join(folder, `${name}${path.extname(theirs)}`);
  await copyFile(peerFile(name, theirs), file);
  if (Object.keys(answers).length > 0)
    await writeFile(sidecarPath(file), JSON.stringify({ library, answers }));
  return file;
}

/** What each layer adds to the log-det, by the library's name for it. */
async function logDetsOfLayers(file: string, backend: Backend, { x, count }: Recorded) {
  const model = await openModel(file, backend);
  const imported = await importCheckpoint(file);
  assert.ok('layerNames' in imported);
  try {
    const { flow } = model.flow!;
    const program = await model.flow!.program('layers', () =>
      forwardGraph(flow, { tapFilter: (tap) => /\/logDet\.(coupling|norm)$/.test(tap) }),
    );
    const out = await program.run({ x: { shape: [count, ...flow.inputShape], data: x } });
    const sums = new Map<string, Float32Array>();
    for (const [tap, { data }] of Object.entries(out)) {
      const layer = /^tap:(.*)\/logDet\.(?:coupling|norm)$/.exec(tap)?.[1];
      const theirs = layer === undefined ? undefined : imported.layerNames[layer];
      if (theirs === undefined) continue;
      const key = theirs.replace(/^module\./, '');
      const sum = sums.get(key) ?? new Float32Array(count);
      sum.forEach((value, i) => (sum[i] = value + data[data.length === 1 ? 0 : i]!));
      sums.set(key, sum);
    }
    return sums;
  } finally {
    await model.dispose();
  }
}

for (const [backendName, createBackend] of backends) {
  describe(`files of other libraries on ${backendName}`, () => {
    let backend: Backend;
    before(async () => (backend = await createBackend()));
    after(() => backend.dispose());

    for (const peer of peers) {
      it(`${peer.name} computes what the library computed`, async () => {
        const file = await placed(peer);
        const reference = await recorded(peer.name);
        const { x, z, logDet, count } = reference;
        const model = await openModel(file, backend);
        try {
          const { runner } = model.flow!;
          const forward = await runner.forward(x, count, 'flow');
          const back = await runner.inverse(forward.z, count, 'flow');
          // The recordings have a base that is not standard normal as a last layer, which makes z one.
          const { base } = runner;
          const latents = await base.scores(forward.z, count);
          const standard = standardLogProb(latents, latents.length / count);
          const ofBase = forward.prior.map((prior, i) => prior - standard[i]!);
          const total = forward.logDet.map((value, i) => value + ofBase[i]!);
          const fromTheirs = await runner.inverse(await base.draw(z, count, 1), count, 'flow');
          const row: Row = {
            peer: peer.name,
            backend: backendName,
            z: maxAbsDifference(latents, z),
            logDet: maxAbsDifference(total, logDet),
            layers: 0,
            roundTrip: maxAbsDifference(back.x, x),
            theirRoundTrip: reference.roundTrip,
          };
          rows.push(row);
          const layers = await logDetsOfLayers(file, backend, reference);
          if (base.shape === 'normal') layers.set([...reference.layers.keys()].at(-1)!, ofBase);
          assert.deepEqual([...layers.keys()].sort(), [...reference.layers.keys()].sort());
          for (const [name, values] of layers) {
            const theirs = reference.layers.get(name)!;
            row.layers = Math.max(row.layers, maxAbsDifference(values, theirs));
            values.forEach((value, i) =>
              assert.ok(Math.abs(value - theirs[i]!) <= allowed(theirs[i]!), `log-det of ${name}`),
            );
          }
          assert.ok(row.z <= 1e-4, `z is off by ${row.z}`);
          total.forEach((value, i) =>
            assert.ok(Math.abs(value - logDet[i]!) <= allowed(logDet[i]!), `log-det is off by ${row.logDet}`),
          );
          const inverse = maxAbsDifference(fromTheirs.x, x);
          assert.ok(inverse <= 1e-4, `x from the library's z is off by ${inverse}`);
          const moved = await runner.inverse(
            forward.z.map((value, i) => value * (1 + (-1) ** i * 2 * resolution)),
            count,
            'flow',
          );
          const least = Math.max(
            4 * resolution * Math.max(...x.map(Math.abs)),
            maxAbsDifference(moved.x, back.x),
          );
          assert.ok(
            row.roundTrip <= Math.max(2 * reference.roundTrip, least),
            `the round trip is off by ${row.roundTrip}; the library's by ${reference.roundTrip}`,
          );
          if (reference.pixels && reference.bitsPerDim) {
            const data = await runner.forward(reference.pixels, count, 'data');
            const nats = (i: number): number => data.prior[i]! + data.logDet[i]! + data.preprocessing[i]!;
            const { dimensions, quantization } = model.flow!;
            const ours = Float32Array.from(
              { length: count },
              (_, i) => (quantization - nats(i)) / (dimensions * Math.LN2),
            );
            row.bitsPerDim = maxAbsDifference(ours, reference.bitsPerDim);
            assert.ok(row.bitsPerDim <= 1e-4, `bits/dim are off by ${row.bitsPerDim}`);
          }
        } finally {
          await model.dispose();
        }
      });
    }
  });
}

function writeTable(): void {
  const number = (value: number | undefined): string => (value === undefined ? '' : value.toExponential(1));
  const lines = [
    '| file | run by | z | log-det | log-det of a layer | round trip | its round trip in the library | bits/dim |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map(
      (r) =>
        `| ${r.peer} | ${r.backend} | ${number(r.z)} | ${number(r.logDet)} | ${number(r.layers)} | ` +
        `${number(r.roundTrip)} | ${number(r.theirRoundTrip)} | ${number(r.bitsPerDim)} |`,
    ),
  ];
  mkdirSync('artifacts', { recursive: true });
  writeFileSync('artifacts/importing-fidelity.md', `${lines.join('\n')}\n`);
}
