// npm run test:peers: our own flows, written for other libraries, are loaded by these libraries and compute the same.
//   npm run test:peers -- [--no-setup] [--random N] [--seed S] [--kind NAME]… [--only-random]
// Flows are trained for a moment by the command line, in the conventions of each library and in some that have to be
// rewritten for it; files of the libraries come as fixtures, become ours and go back. And the libraries write N checkpoints
// (3) of each kind with random settings, from seed S (1), which we open. The last line is "N passed, N failed".
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensurePeersPython } from './peers-python.mjs';
import { randomPeers } from './random-peers.mjs';
import { main, run, seconds, Stop } from './run.mjs';
import { setup } from './setup.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const fixtures = path.join(root, 'test', 'fixtures', 'peers');
const cli = path.join(root, 'dist', 'cli.js');

/** Latents of the issue that asked for this: z to 1e-4; log-dets to 1e-3 + 1e-5 of them, here as a share. */
const tolerance = { z: 1e-4, logdet: 1, logProb: 1 };

const five = { source: 'five.csv', standardize: false };
const moons = { source: 'moons', count: 2000, standardize: false };

/** What is trained: a preset or a model, and the libraries that its flow is written for. */
const trained = [
  { name: 'nflows-preset', preset: 'nflows', data: moons, to: ['nflows'] },
  { name: 'normflows-preset', preset: 'normflows', data: moons, to: ['normflows'] },
  { name: 'zuko-preset', preset: 'zuko', data: moons, to: ['zuko'] },
  // Our own conventions, whose couplings run backwards in normflows.
  { name: 'ours', data: moons, to: ['normflows'] },
  { name: 'standardized', preset: 'zuko', data: { ...moons, standardize: true }, to: ['zuko'] },
  {
    name: 'nflows-norms',
    preset: 'nflows',
    data: five,
    model: { couplings: 3, hidden: [16], between: 'batchNorm', netNorm: true, activation: 'silu' },
    to: ['nflows'],
  },
  {
    name: 'nflows-masked',
    preset: 'nflows',
    data: five,
    model: {
      couplings: 3,
      hidden: [16],
      blocks: 1,
      conditioning: 'masked',
      outputOrder: 'scale-shift',
      outputLayout: 'interleaved',
      mask: 'random',
      permutation: 'random',
      between: 'actNorm',
      activation: 'leaky-relu',
    },
    to: ['nflows'],
  },
  {
    name: 'zuko-separate',
    preset: 'zuko',
    data: five,
    model: {
      couplings: 4,
      hidden: [12, 8],
      conditioning: 'masked',
      nets: 'separate',
      mask: 'random',
      permutation: 'reverse',
      activation: 'tanh',
    },
    to: ['zuko'],
  },
  {
    name: 'normflows-blocks',
    data: five,
    model: {
      couplings: 4,
      hidden: [12],
      affine: 'shift-then-scale',
      scaleMap: 'exp',
      conditioning: 'selected',
      mask: 'halves',
      permutation: 'random',
      between: 'actNorm',
      activation: 'leaky-relu',
      slope: 0.1,
    },
    to: ['normflows'],
  },
  {
    name: 'normflows-sigmoid',
    data: five,
    model: {
      couplings: 4,
      hidden: [12],
      affine: 'inverse-shift-then-scale',
      scaleMap: 'sigmoid',
      scaleEpsilon: 0,
      nets: 'separate',
      mask: 'halves',
    },
    to: ['normflows'],
  },
  {
    name: 'normflows-scalar',
    data: five,
    model: {
      couplings: 3,
      hidden: [12],
      affine: 'inverse-shift-then-scale',
      scaleMap: 'tanh-scalar',
      conditioning: 'selected',
    },
    to: ['normflows'],
  },
];

/** The scale of nflows after 0.14, which is not published; conversion says so. */
const beyond = ['nflows-general'];

const written = new Set(trained.flatMap(({ to }) => to));

/** Files of the libraries, with what these recorded for them. */
const imported = fs
  .readdirSync(fixtures)
  .filter((name) => written.has(name.split('-')[0]) && !beyond.includes(name))
  .sort();

async function flowscope(args, cwd) {
  const { code, output } = await run(process.execPath, [cli, ...args, '--quiet'], { cwd, quiet: true });
  return { code, output: output.trim() };
}

async function must(args, cwd) {
  const { code, output } = await flowscope(args, cwd);
  if (code !== 0) throw new Error(`flowscope ${args.join(' ')} ended with ${code}: ${output}`);
}

/** NumPy's format, version 1.0. */
function writeNpy(file, rows) {
  const shape = `(${rows.length}, ${rows[0].length})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const header = Buffer.alloc(10);
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(padded.length, 8);
  const data = Buffer.from(Float32Array.from(rows.flat()).buffer);
  fs.writeFileSync(file, Buffer.concat([header, Buffer.from(padded), data]));
}

/** Smooth, skewed and correlated, the same in each run; nothing depends on how random they are. */
function rowsOf(count, features) {
  return Array.from({ length: count }, (_, i) => {
    const u = Array.from({ length: features }, (_, f) => Math.sin(1 + i * (0.71 + 0.13 * f) + f * f));
    return u.map((value, f) => value + 0.5 * (u[f - 1] ?? 0) ** 2);
  });
}

/** On the two half circles that flows of two features were trained on: far from these, float32 keeps few digits of z. */
function moonsRows(count) {
  return Array.from({ length: count }, (_, i) => {
    const angle = (Math.PI * (i >> 1)) / (count / 2 - 1);
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return i % 2 === 0 ? [x, y] : [1 - x, 0.5 - y];
  });
}

async function trainCase({ name, preset, data, model, to }, folder) {
  const config = {
    data,
    ...(model ? { model } : {}),
    training: {
      steps: 60,
      batch: 64,
      warmupSteps: 5,
      learningRate: 5e-3,
      validateEvery: 60,
      checkpointEvery: 60,
      sampleEvery: 60,
    },
  };
  fs.writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(config));
  await must(
    ['train', '--config', `${name}.json`, ...(preset ? ['--preset', preset] : []), '--output', name],
    folder,
  );
  const x = data === five ? 'five.npy' : 'two.npy';
  await must(['apply', name, '--direction', 'forward', '--input', x, '--output', `${name}.npz`], folder);
  const cases = [];
  for (const library of to) {
    const state = path.join(folder, `${name}.${library}.safetensors`);
    await must(['convert', name, '--to', library, '--output', state], folder);
    cases.push({
      name: `${name} in ${library}`,
      library,
      state,
      io: path.join(folder, `${name}.npz`),
      x: path.join(folder, x),
    });
  }
  return cases;
}

async function importCase(name, folder) {
  const library = name.split('-')[0];
  const from = path.join(fixtures, name);
  const about = path.join(from, 'case.json');
  const answers = fs.existsSync(about) ? (JSON.parse(fs.readFileSync(about, 'utf8')).answers ?? {}) : {};
  const set = Object.entries(answers).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const state = path.join(folder, `${name}.back.safetensors`);
  const file = path.join(from, 'state_dict.safetensors');
  await must(['convert', file, '--to', library, '--output', state, ...set], folder);
  return [{ name: `${name} back in ${library}`, library, state, io: path.join(from, 'io.npz') }];
}

/** A flow that a library cannot hold is refused, naming what is in the way. */
async function refusal(folder) {
  const { code, output } = await flowscope(
    ['convert', 'ours', '--to', 'zuko', '--output', 'never.safetensors'],
    folder,
  );
  const fits =
    code !== 0 && /scaleMap/.test(output) && !fs.existsSync(path.join(folder, 'never.safetensors'));
  return fits ? undefined : `expected a refusal that names scaleMap, got ${code}: ${output}`;
}

function verdict(answer) {
  if (!answer) return 'no answer from Python';
  if (answer.error) return answer.error;
  const over = Object.entries(tolerance).filter(([what, limit]) => !(answer[what] <= limit));
  return over.length === 0
    ? undefined
    : over.map(([what, limit]) => `${what} is off by ${answer[what]} (at most ${limit})`).join(', ');
}

/** Flows of ours in the libraries. */
async function writtenByUs(python, folder, report) {
  writeNpy(path.join(folder, 'two.npy'), moonsRows(64));
  writeNpy(path.join(folder, 'five.npy'), rowsOf(64, 5));
  const table = rowsOf(600, 5).map((row) => row.join(','));
  fs.writeFileSync(path.join(folder, 'five.csv'), `a,b,c,d,e\n${table.join('\n')}\n`);
  const cases = [];
  const prepare = async (name, make) => {
    try {
      cases.push(...(await make()));
    } catch (error) {
      report(name, error.message);
    }
  };
  for (const one of trained) await prepare(one.name, () => trainCase(one, folder));
  for (const name of imported) await prepare(name, () => importCase(name, folder));
  report('ours is refused for zuko', await refusal(folder));
  const list = path.join(folder, 'cases.json');
  fs.writeFileSync(list, JSON.stringify(cases));
  const { output } = await run(python, [path.join(root, 'test', 'peers', 'check.py'), list], {
    cwd: folder,
    quiet: true,
  });
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const answers = new Map(lines.map((line) => JSON.parse(line)).map((answer) => [answer.name, answer]));
  if (answers.size === 0) console.error(output);
  for (const { name } of cases) {
    const answer = answers.get(name);
    const problem = verdict(answer);
    const detail = problem
      ? ''
      : `: z ${answer.z.toExponential(1)}, log-det ${answer.logdet.toFixed(4)} of what is allowed`;
    report(name, problem, detail);
  }
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      'no-setup': { type: 'boolean' },
      random: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string', multiple: true },
      'only-random': { type: 'boolean', default: false },
    },
  });
  const [count, seed] = [values.random, values.seed].map(Number);
  if (![count, seed].every((value) => Number.isInteger(value) && value >= 0))
    throw new Stop('--random and --seed take a whole number, 0 or more.');
  return {
    setup: !values['no-setup'],
    count,
    seed,
    kinds: values.kind ?? [],
    onlyRandom: values['only-random'],
  };
}

main(async () => {
  const given = readArguments();
  if (given.setup) await setup();
  if (!fs.existsSync(cli)) throw new Stop('dist/cli.js is missing; run without --no-setup.');
  const python = await ensurePeersPython();
  const started = performance.now();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-peers-'));
  const results = [];
  const report = (name, problem, detail = '') => {
    results.push(problem);
    console.log(`${problem ? '✖' : '✔'} ${name}${detail}${problem ? `\n  ${problem}` : ''}`);
  };
  try {
    if (!given.onlyRandom) await writtenByUs(python, folder, report);
    // The libraries of JAX and TensorFlow can be in a Python of their own.
    const more = process.env.FLOWSCOPE_PEERS_PYTHON_JAX;
    if (given.count > 0) await randomPeers([python, ...(more ? [more] : [])], given, folder, report);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const failed = results.filter(Boolean).length;
  console.log(`peers in ${seconds(started)}`);
  console.log(`${results.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
