// Trains the models that the browser and e2e tiers look at, once for both: three small runs, and checkpoints of two other
// libraries out of the fixtures. Resolves to their folder.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { run, seconds, Stop } from './run.mjs';

const image = { kind: 'image', channels: 1, scales: 2, base: 8, blocks: 1 };
const runs = {
  gray: {
    data: { source: 'digits' },
    model: { ...image, height: 8, width: 8, levels: 17 },
    training: { steps: 300, batch: 64, learningRate: 4e-3, validateEvery: 50, checkpointEvery: 100 },
  },
  handwritten: {
    data: { source: 'mnist-400.npz', validation: 64 },
    model: { ...image, height: 28, width: 28, levels: 256 },
    training: { steps: 40, batch: 32, learningRate: 4e-3, validateEvery: 20, checkpointEvery: 20 },
  },
  crescents: {
    data: { source: 'moons' },
    model: { kind: 'vector', dim: 2 },
    training: { steps: 1500, validateEvery: 250, checkpointEvery: 500 },
  },
};

const others = {
  'nflows-2d': { library: 'nflows', answers: { scaleActivation: 'sigmoid', activation: 'relu' } },
  'chrischute-rgb': { library: 'chrischute', answers: { height: 8, width: 8, levels: 256 } },
};

let making;

/** Made at the first call of this process; later calls get the same folder. */
export function testModels() {
  making ??= make();
  return making;
}

async function make() {
  const started = performance.now();
  const folder = path.join(root, 'out', 'test', 'models');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const fixtures = path.join(root, 'test', 'fixtures');
  fs.copyFileSync(path.join(fixtures, 'data', 'mnist-400.npz'), path.join(folder, 'mnist-400.npz'));
  for (const [name, sidecar] of Object.entries(others)) {
    fs.copyFileSync(path.join(fixtures, 'peers', name, 'state_dict.pt'), path.join(folder, `${name}.pt`));
    fs.writeFileSync(path.join(folder, `${name}.pt.flowscope.json`), JSON.stringify(sidecar));
  }
  const cli = path.join(root, 'dist', 'cli.js');
  await Promise.all(
    Object.entries(runs).map(async ([name, config]) => {
      const file = path.join(folder, `${name}.flow.json`);
      fs.writeFileSync(file, JSON.stringify(config));
      const { code, output } = await run(
        process.execPath,
        [cli, 'train', '--config', file, '--output', path.join(folder, name), '--quiet'],
        { cwd: folder, quiet: true },
      );
      if (code !== 0) throw new Stop(`training the test model ${name} ended with ${code}: ${output.trim()}`);
    }),
  );
  console.log(`test models trained in ${seconds(started)}`);
  return folder;
}
