/** Training goes on from a file of another library: with its weights as they are, its model and its likelihood. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { readMetrics, runPaths } from '../../../src/checkpoint/run-folder';
import { sidecarPath } from '../../../src/checkpoint/sidecar';
import { encodeNpy } from '../../../src/data/npy';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { train } from '../../../src/engine/training/train';
import { withoutTensorFlow } from '../graph/eager';
import { peerFile, recorded } from './peers';

let folder: string;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'flowscope-continue-'))));
after(() => rm(folder, { recursive: true, force: true }));

const learningRate = 1e-3;

it('begins where a file of chrischute ended', { skip: withoutTensorFlow }, async () => {
  const file = path.join(folder, 'theirs.pt');
  await copyFile(peerFile('chrischute-rgb', 'state_dict.pt'), file);
  const { count, pixels, bitsPerDim } = await recorded('chrischute-rgb');
  const images = path.join(folder, 'images.npy');
  // Six of the eight are held out, two are trained on.
  const bytes = Uint8Array.from(pixels!, Math.floor);
  await writeFile(images, encodeNpy({ shape: [count, 8, 8, 3], data: bytes }));
  await writeFile(
    sidecarPath(file),
    JSON.stringify({
      library: 'chrischute',
      answers: { height: 8, width: 8 },
      data: { source: 'images.npy', validation: count - 2 },
    }),
  );
  const config = path.join(folder, 'one.json');
  await writeFile(
    config,
    JSON.stringify({ training: { steps: 1, batch: 2, learningRate, validateEvery: 1, checkpointEvery: 1 } }),
  );
  const backend = await createTensorFlowBackend({ threads: 1, reason: 'test' });
  try {
    const output = path.join(folder, 'run');
    await train({ from: file, config, output }, { backend });
    const [first] = await readMetrics(runPaths(output));
    assert.equal(first!.step, 0);
    // Other noise and six of the eight images: the library's own bits/dim of the eight, give or take their spread.
    const mean = bitsPerDim!.reduce((sum, value) => sum + value, 0) / count;
    const spread = Math.max(...bitsPerDim!) - Math.min(...bitsPerDim!);
    assert.ok(
      Math.abs(first!.validationBitsPerDim! - mean) <= spread / 2 + 0.1,
      `${first!.validationBitsPerDim} bits/dim; the library has ${mean} ± ${spread / 2}`,
    );

    // The first step of Adam moves a parameter by the learning rate at most, whatever its gradient.
    const { tensors: theirs, config: given } = await loadAnyCheckpoint(file);
    const { tensors: ours, config: kept } = await loadAnyCheckpoint(runPaths(output).last);
    assert.deepEqual(kept.model, given.model);
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
    let moved = 0;
    for (const [name, { data }] of Object.entries(theirs)) {
      if (/\.(mean|variance)$/.test(name)) continue;
      const difference = Math.max(...data.map((value, i) => Math.abs(value - ours[name]!.data[i]!)));
      assert.ok(difference <= 1.01 * learningRate, `${name} moved by ${difference}`);
      if (difference > 0) moved++;
    }
    assert.ok(moved > 100, `${moved} tensors were trained`);
  } finally {
    await backend.dispose();
  }
});
