// Trains the sample flows that the extension opens before any training, and puts them into media/samples. Needs a build.
//   node scripts/samples.mjs      three minutes on two cores; the same machine gives the same files
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { main, run, Stop } from './run.mjs';

/** Half as many channels as the preset: a quarter of the size, and 0.01 bits/dim worse. */
const samples = { moons: {}, digits: { model: { base: 16 } } };

main(async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-samples-'));
  try {
    for (const [name, config] of Object.entries(samples)) {
      const file = path.join(folder, `${name}.flow.json`);
      fs.writeFileSync(file, JSON.stringify(config));
      const args = ['train', '--data', name, '--preset', name, '--config', file, '--seed', '1'];
      const output = path.join(folder, name);
      const { code } = await run(process.execPath, [
        path.join(root, 'dist', 'cli.js'),
        ...args,
        '--output',
        output,
      ]);
      if (code !== 0) throw new Stop(`flowscope train --data ${name} ended with ${code}`);
      const to = path.join(root, 'media', 'samples', `${name}.flow.safetensors`);
      fs.copyFileSync(path.join(output, 'checkpoints', 'best.flow.safetensors'), to);
      console.log(`${path.relative(root, to)}  ${(fs.statSync(to).size / 1e3).toFixed(0)} kB`);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
