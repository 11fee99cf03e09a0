// npm run test:peers: our own flows, written for other libraries, are loaded by these libraries and compute the same.
//   npm run test:peers -- [--no-setup] [--only TEXT] [--random N] [--seed S] [--kind NAME]… [--only-random]
// Flows are trained for a moment by the command line, in the conventions of each library and in some that have to be
// rewritten for it; files of the libraries come as fixtures, become checkpoints and go back. And the libraries write N checkpoints
// (3) of each kind with random settings, from seed S (1), which we open and write back. The last line is "N passed, N failed".
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkWritten, verdict } from './check-peers.mjs';
import { ensurePeersPython } from './peers-python.mjs';
import { randomPeers } from './random-peers.mjs';
import { main, run, seconds, Stop } from './run.mjs';
import { setup } from './setup.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const fixtures = path.join(root, 'test', 'fixtures', 'peers');
const cli = path.join(root, 'dist', 'cli.js');

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

const spline = { transform: 'rationalQuadratic', splineBound: 4, bins: 6 };
const maf = { couplings: 3, hidden: [16, 16], activation: 'tanh' };
const nflowsMaf = { ...maf, scaleMap: 'softplus', contextEntry: 'activated', contextInBlocks: 'add' };
const zukoMaf = { ...maf, scaleMap: 'soft-clip' };

/** Flows of other kinds, also given a context; the columns of it are the last of the table. */
const kinds = [
  {
    name: 'nsf',
    preset: 'nsf',
    data: five,
    model: { couplings: 3, hidden: [16, 16] },
    to: ['nflows', 'normflows'],
  },
  {
    name: 'nsf-given',
    preset: 'nsf',
    data: five,
    condition: 2,
    model: { couplings: 3, hidden: [16] },
    to: ['nflows', 'normflows'],
  },
  {
    name: 'nsf-residual-given',
    preset: 'nsf',
    data: five,
    condition: 2,
    model: {
      ...spline,
      couplings: 3,
      hidden: [16],
      net: 'residual',
      contextInBlocks: 'gate',
      permutation: 'random',
    },
    to: ['nflows', 'normflows'],
  },
  {
    name: 'nsf-zuko',
    preset: 'nsf',
    data: five,
    model: { couplings: 3, splineMap: 'soft-clip', between: 'none' },
    to: ['zuko'],
  },
  {
    name: 'nsf-autoregressive-zuko',
    preset: 'nsf-autoregressive',
    data: five,
    condition: 2,
    model: { ...spline, ...maf, splineMap: 'soft-clip', splineSlope: 0.01, between: 'actNorm' },
    to: ['zuko'],
  },
  {
    name: 'nsf-autoregressive',
    preset: 'nsf-autoregressive',
    data: five,
    model: { ...spline, couplings: 3, hidden: [16], net: 'residual' },
    to: ['nflows', 'normflows'],
  },
  {
    name: 'nsf-autoregressive-given',
    preset: 'nsf-autoregressive',
    data: five,
    condition: 2,
    model: {
      ...spline,
      couplings: 3,
      hidden: [16],
      net: 'residual',
      contextInBlocks: 'gate',
      outputLayout: 'interleaved',
    },
    to: ['normflows'],
  },
  { name: 'maf-nflows', preset: 'maf', data: five, model: nflowsMaf, to: ['nflows'] },
  { name: 'maf-nflows-given', preset: 'maf', data: five, condition: 2, model: nflowsMaf, to: ['nflows'] },
  {
    name: 'maf-nflows-residual-given',
    preset: 'maf',
    data: five,
    condition: 1,
    model: {
      ...nflowsMaf,
      net: 'residual',
      hidden: [16],
      netNorm: true,
      between: 'batchNorm',
      normEpsilon: 1e-5,
      normVariance: 'unbiased',
    },
    to: ['nflows'],
  },
  { name: 'maf-zuko', preset: 'maf', data: { ...five, standardize: true }, model: zukoMaf, to: ['zuko'] },
  {
    name: 'maf-zuko-given',
    preset: 'maf',
    data: { ...five, standardize: true },
    condition: 2,
    model: zukoMaf,
    to: ['zuko'],
  },
  {
    name: 'maf-normflows',
    preset: 'maf',
    data: five,
    model: { couplings: 3, hidden: [16], net: 'residual', scaleMap: 'sigmoid', permutation: 'random' },
    to: ['normflows'],
  },
  {
    name: 'iaf-zuko-given',
    preset: 'iaf',
    data: five,
    condition: 2,
    model: { ...zukoMaf, affine: 'inverse-scale-then-shift' },
    to: ['zuko'],
  },
  {
    name: 'iaf-nflows',
    preset: 'iaf',
    data: five,
    model: { ...nflowsMaf, affine: 'inverse-scale-then-shift' },
    to: ['nflows'],
  },
  {
    name: 'iaf-normflows-given',
    preset: 'iaf',
    data: five,
    condition: 2,
    model: {
      couplings: 3,
      hidden: [16],
      net: 'residual',
      scaleMap: 'sigmoid',
      contextInBlocks: 'gate',
      affine: 'inverse-scale-then-shift',
    },
    to: ['normflows'],
  },
  {
    name: 'realnvp-given',
    preset: 'nflows',
    data: five,
    condition: 2,
    model: { couplings: 3, hidden: [16], contextInBlocks: 'gate', contextNet: [8, 4] },
    to: ['nflows'],
  },
  {
    name: 'realnvp-zuko-given',
    preset: 'zuko',
    data: five,
    condition: 2,
    model: { couplings: 4, hidden: [16, 8] },
    to: ['zuko'],
  },
  {
    name: 'tutorial',
    preset: 'normflows',
    data: five,
    model: { couplings: 4, hidden: [16, 16], between: 'none', scaleMap: 'tanh-scalar', mask: 'halves' },
    to: ['senya'],
  },
];

const digits = { source: 'digits', validation: 200 };

/** Levels of a squeeze and two steps over the digits, 8×8; a level but the last ends with what leaves. */
function glow({ levels = 2, coupling, conditions = 'first', mixing = {}, prior, leaves = 'second' }) {
  return Array.from({ length: levels }, (_, level) => {
    const channels = 4 * 2 ** level;
    const all = Array.from({ length: channels }, (_, i) => i);
    const last = level === levels - 1;
    const step = (number) => {
      const first = (number % 2 === 0) === (conditions === 'first');
      return [
        { kind: 'actNorm' },
        { kind: 'conv1x1', order: all.toReversed(), signs: all.map(() => 1), ...mixing },
        { kind: 'coupling', mask: all.map((i) => Number(i < channels / 2 === first)), ...coupling },
      ];
    };
    return [
      { kind: 'squeeze' },
      ...step(0),
      ...step(1),
      ...(prior ? [{ kind: 'prior', given: last ? 'nothing' : 'first', of: prior }] : []),
      ...(last ? [] : [{ kind: 'factorOut', leaves }]),
    ];
  }).flat();
}

const residual = { net: { kind: 'residual', width: 8, blocks: 1, activation: 'elu', batchNorm: true } };
const threeConvolutions = (more) => ({
  net: { kind: 'convolutions', kernels: [3, 1, 3], widths: [8, 8], ...more },
});
const nflowsImages = { dataConstraint: 'unit', latents: 'first-out-first' };
const normflowsImages = { dataConstraint: 'centered', latents: 'last-out-first' };

/** Cases of images. */
const images = [
  {
    name: 'glow-splines-nflows',
    model: {
      ...nflowsImages,
      ...{ transform: 'rationalQuadratic', splineBound: 3, bins: 4 },
      layers: glow({ coupling: residual, mixing: { bias: true } }),
    },
    to: ['nflows'],
  },
  {
    name: 'glow-additive-nflows',
    model: { ...nflowsImages, transform: 'additive', layers: glow({ levels: 1, coupling: residual }) },
    to: ['nflows'],
  },
  {
    name: 'glow-first-leaves-nflows',
    model: {
      ...nflowsImages,
      ...{ affine: 'scale-then-shift', scaleMap: 'sigmoid', scaleEpsilon: 1e-3, outputLayout: 'interleaved' },
      layers: glow({ levels: 3, coupling: residual, leaves: 'first' }),
    },
    to: ['nflows'],
  },
  {
    name: 'glow-scaled-normflows',
    model: {
      ...normflowsImages,
      ...{ affine: 'shift-then-scale', scaleMap: 'exp', outputLayout: 'halves' },
      layers: glow({ coupling: threeConvolutions({ scaled: true }), prior: 'values' }),
    },
    to: ['normflows'],
  },
  {
    name: 'glow-sigmoid-normflows',
    model: {
      ...normflowsImages,
      ...{ affine: 'inverse-scale-then-shift', scaleMap: 'sigmoid', scaleEpsilon: 0 },
      layers: glow({
        levels: 3,
        coupling: threeConvolutions({ activation: 'leaky-relu', slope: 0.1 }),
        conditions: 'second',
        prior: 'channels',
      }),
    },
    to: ['normflows'],
  },
  {
    name: 'glow-additive-normflows',
    model: { ...normflowsImages, transform: 'additive', layers: glow({ coupling: threeConvolutions({}) }) },
    to: ['normflows'],
  },
].map((one) => ({
  ...one,
  data: digits,
  model: { kind: 'image', height: 8, width: 8, levels: 17, ...one.model },
}));

/** The scale of nflows after 0.14, which is not published; conversion says so. */
const beyond = ['nflows-general'];

const written = new Set(trained.flatMap(({ to }) => to));

/** Checkpoints as people save them; of nflows those that version 0.14 computes. */
const wildFolder = path.join(root, 'test', 'fixtures', 'wild');
const wild = fs
  .readdirSync(wildFolder)
  .map((name) => ({ name, ...JSON.parse(fs.readFileSync(path.join(wildFolder, name, 'case.json'), 'utf8')) }))
  .filter(
    ({ library, answers }) =>
      ['nflows', 'normflows', 'zuko', 'senya'].includes(library) && answers.scaleActivation === undefined,
  );

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

/** NumPy's format, version 1.0. @param each shape of a row */
function writeNpy(file, rows, each = [rows[0].length]) {
  const shape = `(${[rows.length, ...each].join(', ')})`;
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

/** @param condition how many of the last columns of the table the flow is given */
async function trainCase({ name, preset, data, model, to, condition = 0 }, folder) {
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
    [
      ...['train', '--config', `${name}.json`, '--output', name],
      ...(preset ? ['--preset', preset] : []),
      ...(condition > 0 ? ['--condition', 'abcde'.slice(-condition).split('').join()] : []),
    ],
    folder,
  );
  const x =
    { [five.source]: `${5 - condition}.npy`, [digits.source]: 'images.npy' }[data.source] ?? 'two.npy';
  const given = condition > 0 ? `given-${condition}.npy` : undefined;
  await must(
    [
      ...['apply', name, '--direction', 'forward', '--input', x, '--output', `${name}.npz`],
      ...(given ? ['--condition', given] : []),
    ],
    folder,
  );
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
      ...(given ? { context: path.join(folder, given) } : {}),
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
  const file = ['state_dict.pt', 'state_dict.safetensors']
    .map((one) => path.join(from, one))
    .find(fs.existsSync);
  await must(['convert', file, '--to', library, '--output', state, ...set], folder);
  return [{ name: `${name} back in ${library}`, library, state, io: path.join(from, 'io.npz') }];
}

/** `notWritten` is a pattern of the message where the library cannot hold the flow. */
async function wildCase({ name, library, checkpoint, answers, tolerance, notWritten }, folder, report) {
  const from = path.join(wildFolder, name);
  const set = Object.entries(answers).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const state = path.join(folder, `${name}.back.safetensors`);
  const args = ['convert', path.join(from, checkpoint), '--to', library, '--output', state, ...set];
  if (notWritten) {
    const { code, output } = await flowscope(args, folder);
    const fits = code !== 0 && new RegExp(notWritten).test(output) && !fs.existsSync(state);
    const problem = `expected a refusal, /${notWritten}/, got ${code}: ${output}`;
    report(`${name} is refused for ${library}`, fits ? undefined : problem);
    return [];
  }
  await must(args, folder);
  return [{ name: `${name} back in ${library}`, library, state, io: path.join(from, 'io.npz'), tolerance }];
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

/** Our flows in the libraries. */
async function writtenByUs(python, only, folder, report) {
  writeNpy(path.join(folder, 'two.npy'), moonsRows(64));
  const pixels = rowsOf(16, 64).map((row) => row.map((value) => 0.2 * value));
  writeNpy(path.join(folder, 'images.npy'), pixels, [1, 8, 8]);
  for (const given of [0, 1, 2]) {
    const rows = rowsOf(64, 5);
    writeNpy(
      path.join(folder, `${5 - given}.npy`),
      rows.map((row) => row.slice(0, 5 - given)),
    );
    if (given > 0)
      writeNpy(
        path.join(folder, `given-${given}.npy`),
        rows.map((row) => row.slice(5 - given)),
      );
  }
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
  const chosen = ({ name }) => name.includes(only);
  for (const one of [...trained, ...kinds, ...images].filter(chosen))
    await prepare(one.name, () => trainCase(one, folder));
  for (const name of imported.filter((name) => chosen({ name })))
    await prepare(name, () => importCase(name, folder));
  for (const one of wild.filter(chosen)) await prepare(one.name, () => wildCase(one, folder, report));
  if (only === '') report('ours is refused for zuko', await refusal(folder));
  const answers = await checkWritten(python, cases, folder);
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
      only: { type: 'string', default: '' },
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
    only: values.only,
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
    if (!given.onlyRandom) await writtenByUs(python, given.only, folder, report);
    // The libraries of JAX and TensorFlow can be in a Python of their own.
    const more = process.env.FLOWSCOPE_PEERS_PYTHON_JAX;
    if (given.count > 0) await randomPeers([python, ...(more ? [more] : [])], given, folder, report);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const failed = results.filter(Boolean).length;
  console.log(`peers in ${seconds(started)}`);
  console.log(`${results.length - failed} passed, ${failed} failed`);
  if (results.length === 0)
    throw new Stop('No case has such a name: test/peers/random/kinds lists the kinds of each library.');
  if (failed > 0) process.exitCode = 1;
});
