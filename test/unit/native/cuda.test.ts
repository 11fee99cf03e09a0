/** TensorFlow with CUDA: what would be downloaded, what is installed and found, and what is said of the GPU. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gpuLine } from '../../../src/native/doctor';
import { ensureNative, type Steps } from '../../../src/native/install';
import { findNative } from '../../../src/native/locate';
import { plannedPlatforms, planFor } from '../../../src/native/plan';
import { cudaPlan, cudaVariable, downloadBytes, wheelPlans } from '../../../src/native/platform';
import { runHere } from '../cli/run-here';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const wanted = { [cudaVariable]: '1' };

/** Of the metadata of tensorflow 2.21.0: `Requires-Dist: …; extra == "and-cuda"`, with the bounds of each. */
const andCuda: Record<string, [string, string]> = {
  'nvidia-cublas-cu12': ['12.5.3.2', '13.0'],
  'nvidia-cuda-cupti-cu12': ['12.5.82', '13.0'],
  'nvidia-cuda-nvcc-cu12': ['12.5.82', '13.0'],
  'nvidia-cuda-nvrtc-cu12': ['12.5.82', '13.0'],
  'nvidia-cuda-runtime-cu12': ['12.5.82', '13.0'],
  'nvidia-cudnn-cu12': ['9.3.0.75', '10.0'],
  'nvidia-cufft-cu12': ['11.2.3.61', '12.0'],
  'nvidia-curand-cu12': ['10.3.6.82', '11.0'],
  'nvidia-cusolver-cu12': ['11.6.3.83', '12.0'],
  'nvidia-cusparse-cu12': ['12.5.1.3', '13.0'],
  'nvidia-nccl-cu12': ['2.27.7', '3.0'],
  'nvidia-nvjitlink-cu12': ['12.5.82', '13.0'],
};

test('is of the release for processors, with the versions that its extra asks for', () => {
  const order = new Intl.Collator('en', { numeric: true });
  assert.equal(cudaPlan.releases[0]!.version, wheelPlans['linux-x64']!.releases[0]!.version);
  assert.deepEqual(Object.keys(cudaPlan.beside).sort(), Object.keys(andCuda).sort());
  for (const [name, { version }] of Object.entries(cudaPlan.beside)) {
    const [least, below] = andCuda[name]!;
    assert.ok(order.compare(version, least) >= 0 && order.compare(version, below) < 0, `${name} ${version}`);
  }
});

test('is planned first where it is wanted, with a checksum of every file', () => {
  assert.ok(planFor('linux-x64', {}).every(({ name }) => name !== 'cuda'));
  const [cuda, ...others] = planFor('linux-x64', wanted);
  assert.deepEqual(others, planFor('linux-x64', {}));
  assert.equal(cuda!.name, 'cuda');
  assert.equal(cuda!.left, undefined);
  assert.match(cuda!.what, /NVIDIA's license.*untested on a GPU/);
  assert.equal(cuda!.downloads.length, 13);
  for (const { from, sha256 } of cuda!.downloads) {
    assert.match(sha256!, /^[0-9a-f]{64}$/, from);
    assert.match(from, /^(tensorflow|nvidia-[a-z0-9-]+-cu12) [\d.]+, cp311, manylinux\w+_x86_64$/);
  }
  assert.equal(new Set(cuda!.downloads.map(({ sha256 }) => sha256)).size, 13);
  const sum = cuda!.downloads.reduce((bytes, download) => bytes + download.bytes!, 0);
  assert.equal(downloadBytes(cudaPlan), sum);
});

test('is left out on other platforms, with the reason', () => {
  for (const key of plannedPlatforms.filter((key) => key !== 'linux-x64')) {
    const [cuda] = planFor(key, wanted);
    assert.deepEqual([cuda!.name, cuda!.downloads], ['cuda', []]);
    assert.match(cuda!.left!, new RegExp(`for linux-x64 only; this is ${key}`));
  }
});

test('is shown by the doctor before anything is downloaded', async () => {
  const planned = await runHere('doctor', '--plan', 'linux-x64', '--cuda', '--json');
  assert.deepEqual(JSON.parse(planned.stdout), planFor('linux-x64', wanted));
  const { code, stderr } = await runHere('doctor', '--cuda');
  assert.deepEqual([code, /--plan linux-x64/.test(stderr)], [1, true]);
});

const binding = 'tensorflow/tfjs_binding.node';

function steps(replaced: Partial<Steps> = {}): Partial<Steps> {
  const stage = async (folder: string) => {
    mkdirSync(path.join(folder, 'tensorflow'), { recursive: true });
    await writeFile(path.join(folder, binding), 'add-on');
    return { binding, tensorflow: '2.21.0' };
  };
  return {
    cuda: stage,
    prebuilt: () => Promise.reject(new Error('the host does not answer')),
    wheel: stage,
    loadTest: () => Promise.resolve(),
    ...replaced,
  };
}

test('has a folder of its own, and is taken where it is', async () => {
  const root = path.join(folder, 'both');
  const processors = await ensureNative({ root, cuda: false, steps: steps() });
  assert.equal(processors.native!.source, 'wheel');
  const first = await ensureNative({ root, cuda: true, steps: steps() });
  assert.deepEqual([first.cached, first.native!.source, first.failures], [false, 'cuda', []]);
  assert.notEqual(first.native!.folder, processors.native!.folder);
  assert.deepEqual(findNative(root), first.native);
  for (const cuda of [true, false])
    assert.deepEqual(await ensureNative({ root, cuda, steps: steps() }), { ...first, cached: true });
});

test('that cannot be had leaves what is for processors, and says why', async () => {
  const root = path.join(folder, 'none');
  const failing = steps({ cuda: () => Promise.reject(new Error('the disk is full')) });
  const lines: string[] = [];
  const made = await ensureNative({ root, cuda: true, steps: failing, log: (line) => lines.push(line) });
  assert.deepEqual([made.cached, made.native!.source], [false, 'wheel']);
  assert.deepEqual(made.failures, [
    { rung: 'cuda', reason: 'the disk is full' },
    { rung: 'prebuilt', reason: 'the host does not answer' },
  ]);
  assert.match(lines.join('\n'), /CUDA is not to be had: the disk is full/);
  const found = await ensureNative({ root, cuda: true, steps: failing });
  assert.deepEqual(found, { ...made, cached: true, failures: [made.failures[0]] });
});

test('what the doctor says of GPUs', () => {
  const gpu = 'NVIDIA A100-SXM4-40GB, 550.54.15';
  const used = gpuLine(true, [gpu]);
  assert.deepEqual([used.state, used.value], ['ok', `${gpu}: TensorFlow trains on it`]);
  assert.match(used.advice!, /untested on GPUs/);
  const none = gpuLine(false, undefined);
  assert.deepEqual([none.state, none.advice], ['note', undefined]);
  assert.match(none.value, /found none and trains on the processor; nvidia-smi was not found/);
  assert.match(gpuLine(false, []).value, /nvidia-smi lists none/);
  const unused = gpuLine(false, [gpu]);
  assert.equal(unused.value, `TensorFlow found none and trains on the processor; the driver lists ${gpu}`);
  assert.match(unused.advice!, /525 or newer.*TF_CPP_MIN_LOG_LEVEL=0/);
});
