/** The classifier of `flowscope check` on pairs of samples [2, N, D]: `c2st SEEDS FILE.npy…` prints accuracies by file and seed, as JSON. */
import { readNpy, toFloat32 } from '../../src/data/npy';
import { createOnnxRuntimeBackend } from '../../src/engine/backends/onnxruntime';
import { crossValidated } from '../../src/engine/check/against-examples';

async function main(seeds: number, files: readonly string[]): Promise<void> {
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'benchmark' });
  const { signal } = new AbortController();
  const found: number[][] = [];
  for (const file of files) {
    const { shape, data } = toFloat32(await readNpy(file));
    const rows = { count: 2 * shape[1]!, size: shape[2]!, data };
    const ofSeeds: number[] = [];
    for (let seed = 1; seed <= seeds; seed++)
      ofSeeds.push((await crossValidated({ backend, seed, signal }, rows, 'examples')).accuracy);
    found.push(ofSeeds);
  }
  await backend.dispose();
  console.log(JSON.stringify(found));
}

void main(Number(process.argv[2]), process.argv.slice(3));
