// Validation bits/dim against seconds of training, ours and the PyTorch peer's (bench/peer), on the same split with the
// same preprocessing, one after the other on all cores. Seconds count training steps only, for both.
//
//   npm run quality -- curves digits
//   npm run quality -- curves mnist --data FOLDER   (with train-images-idx3-ubyte and t10k-images-idx3-ubyte)
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';
import { zipSync } from 'fflate';
import { nodeOptions } from '../../scripts/esbuild-options.mjs';
import { ensurePeersPython } from '../../scripts/peers-python.mjs';
import { lineChart } from './line-chart.mjs';
import {
  flowscope,
  inTemporaryFolder,
  npyBytes,
  readMetrics,
  root,
  runProgram,
  saveResult,
  table,
} from './support.mjs';

const subjects = {
  digits: {
    preset: 'digits',
    data: { source: 'digits' },
    minutes: [10 / 60, 15 / 60, 20 / 60, 30 / 60, 45 / 60, 1],
    peer: {
      config: 'digits.json',
      options: ['--steps', '1200', '--eval-every', '25', '--eval-minutes', '1.2'],
    },
    training: {},
    yMax: 2.6,
  },
  mnist: {
    preset: 'mnist',
    data: { validation: 2000 },
    minutes: [1, 2, 5, 8],
    peer: {
      config: 'mnist.json',
      options: ['--steps', '100000', '--eval-minutes', '0.5,1,1.5,2,3,4,5,6.5,8'],
    },
    training: { validateEvery: 50, patience: 0 },
    maxSeconds: 490,
    yMax: 5,
  },
};

/** The product's own reader, so that both see the same examples held out. */
async function readSplit(data) {
  const outfile = path.join(root, 'out', 'quality', 'open.cjs');
  await esbuild.build({
    ...nodeOptions,
    entryPoints: [path.join(root, 'src', 'data', 'open', 'open.ts')],
    outfile,
  });
  const parse = path.join(root, 'out', 'quality', 'parse.cjs');
  await esbuild.build({
    ...nodeOptions,
    entryPoints: [path.join(root, 'src', 'config', 'parse.ts')],
    outfile: parse,
  });
  const require = createRequire(import.meta.url);
  const config = require(parse).parseDataConfig(data, 'data');
  const dataset = await require(outfile).openDataset(config, root);
  const all = async (split) => {
    const indices = Int32Array.from({ length: split.count }, (_, i) => i);
    return Uint8Array.from(await split.read(indices));
  };
  const parts = { x_train: dataset.train, x_val: dataset.validation };
  const arrays = {};
  for (const [name, split] of Object.entries(parts))
    arrays[`${name}.npy`] = npyBytes(await all(split), [split.count, ...dataset.shape]);
  return arrays;
}

function best(points, seconds) {
  const done = points.filter(([s]) => s <= seconds).map(([, bits]) => bits);
  return done.length > 0 ? Math.min(...done) : undefined;
}

export async function run(options) {
  const { values, positionals } = parseArgs({
    args: options,
    allowPositionals: true,
    options: { data: { type: 'string' }, python: { type: 'string' }, 'without-peer': { type: 'boolean' } },
  });
  const [name] = positionals;
  const subject = subjects[name];
  if (!subject) throw new Error(`curves needs one of ${Object.keys(subjects).join(', ')}`);
  const data = { ...subject.data, ...(values.data ? { source: path.resolve(values.data) } : {}) };
  if (!data.source) throw new Error(`curves ${name} needs --data FOLDER`);
  const { ours, peer, parameters } = await inTemporaryFolder(async (folder) => {
    const config = path.join(folder, 'config.json');
    fs.writeFileSync(config, JSON.stringify({ data, training: subject.training }));
    const runFolder = path.join(folder, 'run');
    const limit = subject.maxSeconds ? ['--max-seconds', String(subject.maxSeconds)] : [];
    await flowscope(
      'train',
      '--preset',
      subject.preset,
      '--config',
      config,
      '--output',
      runFolder,
      '--quiet',
      ...limit,
    );
    const info = JSON.parse(await flowscope('info', runFolder, '--json'));
    const points = readMetrics(runFolder)
      .filter((row) => row.validationBitsPerDim !== undefined)
      .map((row) => [row.seconds, row.validationBitsPerDim]);
    if (values['without-peer']) return { ours: points, peer: [], parameters: info.parameterCount };
    const npz = path.join(folder, 'data.npz');
    fs.writeFileSync(npz, zipSync(await readSplit(data), { level: 0 }));
    const script = path.join(root, 'bench', 'peer', 'torch_realnvp.py');
    const python = values.python ?? (await ensurePeersPython());
    const out = await runProgram(python, [
      script,
      '--config',
      path.join(root, 'bench', 'peer', 'configs', subject.peer.config),
      '--task',
      'train',
      '--data',
      npz,
      ...subject.peer.options,
    ]);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return {
      ours: points,
      peer: lines.map((line) => [line.train_s, line.val_bits_per_dim]),
      parameters: info.parameterCount,
    };
  });
  const rows = subject.minutes.map((minutes) => [
    minutes < 1 ? `${Math.round(60 * minutes)} s` : `${minutes} min`,
    best(ours, 60 * minutes)?.toFixed(3) ?? '–',
    best(peer, 60 * minutes)?.toFixed(3) ?? '–',
  ]);
  const text = table([['training', 'Flowscope, bits/dim', 'PyTorch peer, bits/dim'], ...rows]);
  console.log(text);
  saveResult(`curve-${name}.json`, { subject: name, parameters, ours, peer });
  saveResult(`curve-${name}.md`, `${text}\n`);
  saveResult(
    `curve-${name}.svg`,
    lineChart({
      title: `${name}: validation bits/dim while training`,
      x: 'seconds of training',
      y: 'bits/dim',
      yMax: subject.yMax,
      series: [
        { name: `Flowscope (${(parameters / 1e6).toFixed(2)} M parameters)`, points: ours },
        ...(peer.length > 0 ? [{ name: 'PyTorch peer', points: peer }] : []),
      ],
    }),
  );
}
