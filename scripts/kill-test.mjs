// npm run kill-test -- [--times N] [--pairs N] [--python N] [--seed S] [--stopped SECONDS]
// Kills trainings, exports and conversions at random moments, and exports between any two of their renames, and checks what remains: every file is whole, no more than
// one checkpoint interval is lost, and a run that goes on ends as one that was never killed. Starts two trainings of one
// run at the same time, of which one may be Python's, here or in another namespace of processes, and others of runs whose
// trainers are stopped for a while. Fills the disk.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root } from './esbuild-options.mjs';
import { ensurePeersPython } from './peers-python.mjs';
import { main, seconds, Stop } from './run.mjs';

const program = path.join(root, 'dist', 'cli.js');
const interval = 20;
const config = {
  data: { source: 'moons', count: 500, validation: 100 },
  model: { kind: 'vector', dim: 2, couplings: 2, hidden: [16] },
  training: {
    steps: 600,
    batch: 32,
    validateEvery: 20,
    checkpointEvery: interval,
    sampleEvery: 100,
    seed: 3,
  },
};
/** Largest difference of a metric between a run that was killed and one that was not. */
const tolerance = 1e-6;

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function start(args, node = [], env = {}) {
  return follow(
    spawn(process.execPath, [...node, program, ...args, '--quiet', '--threads', '1'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, FLOWSCOPE_BACKEND: 'onnxruntime', ...env },
    }),
  );
}

/** Only the parent of the namespace's first process, which ends with it, is our child. */
const elsewhere = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** A process of Python that writes this many rows into a run, in a group of its own. */
function startPython(python, before, run, rows, milliseconds) {
  const writer = path.join(root, 'test', 'kill', 'writer.py');
  const [command, ...args] = [...before, python, writer, run, String(rows), String(milliseconds / 1000)];
  const env = { ...process.env, PYTHONPATH: path.join(root, 'python'), PYTHONDONTWRITEBYTECODE: '1' };
  return follow(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, detached: true }));
}

function follow(child) {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const ended = new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return { child, ended };
}

/** Runs a command, and kills it after this many milliseconds. Resolves to how long it ran, and how it ended. */
async function runFor(args, milliseconds) {
  const { child, ended } = start(args);
  const began = performance.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  const end = await ended;
  clearTimeout(timer);
  return { ...end, took: performance.now() - began };
}

async function whole(args) {
  const end = await start(args).ended;
  if (end.code !== 0)
    throw new Error(`${args.join(' ')} ended with ${end.code ?? end.signal}: ${end.stderr}`);
}

async function toolsOf() {
  const { bundleTests } = await import('./test-bundles.mjs');
  const [file] = await bundleTests(`kill-${process.pid}`, ['test/kill/run-files.ts'], { base: 'test/kill' });
  const tools = await import(pathToFileURL(file).href);
  fs.rmSync(path.dirname(file), { recursive: true, force: true });
  return tools;
}

/** Values of a run that do not depend on the clock, by step. */
function curveOf(metrics) {
  return metrics.map((row) => ({ ...row, seconds: 0, examplesPerSecond: 0 }));
}

/** Rows of the same steps with the same values, and none twice. */
function checkCurve(metrics, reference, complete) {
  const rows = curveOf(metrics);
  if (complete && rows.length !== reference.length) {
    throw new Error(`the curve has ${rows.length} rows; expected ${reference.length}`);
  }
  let largest = 0;
  for (const [i, row] of rows.entries()) {
    const expected = reference[i];
    for (const key of new Set([...Object.keys(row), ...Object.keys(expected)])) {
      const difference = Math.abs(row[key] - expected[key]);
      if (!(difference <= tolerance)) {
        throw new Error(`step ${row.step}: ${key} is ${row[key]}; expected ${expected[key]} (row ${i})`);
      }
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

class Trial {
  kills = 0;
  completed = 0;
  largestDifference = 0;
  lost = 0;
  runs = 0;
  /** How many of each kind. */
  pairs = {};

  constructor(folder, tools, random) {
    Object.assign(this, { folder, tools, random });
    this.configFile = path.join(folder, 'moons.flow.json');
    fs.writeFileSync(this.configFile, JSON.stringify(config));
  }

  /** A run that is not killed, how long it took, and the files that exports are made from. */
  async prepare() {
    const run = path.join(this.folder, 'reference');
    const began = performance.now();
    await whole(['train', '--config', this.configFile, '--output', run]);
    this.trainingTime = performance.now() - began;
    const { metrics } = await this.tools.readRun(run);
    this.reference = curveOf(metrics);
    this.checkpoint = path.join(run, 'checkpoints', 'best.flow.safetensors');
    const checkpoints = path.join(run, 'checkpoints');
    const [earliest] = fs.readdirSync(checkpoints).filter((name) => name.startsWith('step-'));
    this.earlier = path.join(checkpoints, earliest);
    this.killer = path.join(this.folder, 'killer.cjs');
    fs.writeFileSync(this.killer, killer);
    this.outputs = path.join(this.folder, 'outputs');
    fs.mkdirSync(this.outputs);
    this.newRun();
  }

  newRun() {
    this.run = path.join(this.folder, `run-${++this.runs}`);
    this.step = 0;
  }

  /** Starts or goes on with the run and kills it; looks at what is there. */
  async killTraining() {
    const begun = fs.existsSync(path.join(this.run, 'config.json'));
    const resumable = fs.existsSync(path.join(this.run, 'checkpoints', 'last.resume.safetensors'));
    // Without a state to go on from, there is nothing to lose.
    if (!resumable && fs.existsSync(this.run)) {
      if (begun) this.newRun();
      else this.unfinished = (this.unfinished ?? 0) + 1;
    }
    const args = [
      'train',
      '--output',
      this.run,
      ...(resumable ? ['--resume'] : ['--config', this.configFile]),
    ];
    const before = fs.existsSync(this.run) ? this.tools.leftovers(this.run) : [];
    const end = await runFor(args, this.random() * this.trainingTime * 1.2);
    if (end.signal === 'SIGKILL') this.kills++;
    else if (end.code !== 0) throw new Error(`training ended with ${end.code}: ${end.stderr}`);
    const found = fs.existsSync(this.run) ? await this.tools.readRun(this.run) : undefined;
    if (!found) return;
    const last = found.metrics.at(-1)?.step ?? 0;
    this.lost = Math.max(this.lost, last - found.step);
    if (last - found.step > interval) throw new Error(`steps ${found.step} to ${last} are lost`);
    if (found.step < this.step)
      throw new Error(`the state went back from step ${this.step} to ${found.step}`);
    // A start that came as far as another state has swept up.
    const swept = found.step > this.step;
    this.step = found.step;
    const still = before.filter((file) => fs.existsSync(file));
    if (swept && still.length > 0) throw new Error(`left behind: ${still.join(', ')}`);
    const complete = found.status === 'finished';
    this.largestDifference = Math.max(
      this.largestDifference,
      checkCurve(found.metrics, this.reference, complete),
    );
    if (end.code !== 0) return;
    if (!complete) throw new Error(`the training ended as ${found.status}`);
    const temporary = this.tools.leftovers(this.run);
    if (temporary.length > 0) throw new Error(`left behind: ${temporary.join(', ')}`);
    this.completed++;
    this.newRun();
  }

  async killOutput(args) {
    const output = path.join(this.outputs, args.at(-1));
    const command = [...args.slice(0, -1), output];
    const times = (this.times ??= new Map());
    if (!times.has(args[0])) {
      const began = performance.now();
      await whole(command);
      times.set(args[0], performance.now() - began);
    }
    // Most of the time goes into starting: near its end is where files are written.
    const end = await runFor(command, (0.5 + 0.6 * this.random()) * times.get(args[0]));
    if (end.signal === 'SIGKILL') this.kills++;
    await this.tools.readOutputs(this.outputs);
    if (end.signal !== 'SIGKILL' || this.random() < 0.2) {
      await whole(command);
      await this.tools.readOutputs(this.outputs);
      const name = path.basename(args.at(-1)).replace(/\..*$/, '');
      const still = this.tools
        .leftovers(this.outputs)
        .filter((file) => path.basename(file).startsWith(`.${name}.`));
      if (still.length > 0) throw new Error(`left behind: ${still.join(', ')}`);
    }
  }

  /**
   * An export over the files of another checkpoint, killed before one of its renames: each file is of one of the two, and after
   * the next export into that folder it is a whole set. Returns false where no rename was left to kill it at.
   */
  async killSet(format, renames) {
    const folder = path.join(this.folder, `set-${++this.runs}`);
    const output = path.join(folder, format === 'onnx' ? 'a.onnx' : '');
    const args = (checkpoint) => ['export', checkpoint, '--format', format, '--output', output];
    await whole(args(this.earlier));
    const old = filesOf(folder);
    const { ended } = start(args(this.checkpoint), ['--require', this.killer], { KILL_AT: String(renames) });
    const { signal, code, stderr } = await ended;
    const left = filesOf(folder);
    if (signal !== 'SIGKILL') {
      if (code !== 0) throw new Error(`export ended with ${code}: ${stderr}`);
      fs.rmSync(folder, { recursive: true });
      return false;
    }
    const isOld = (name) => left.get(name).equals(old.get(name));
    const names = [...left.keys()];
    if (names.some(isOld) && !names.every(isOld))
      throw new Error(`${folder}: files of two exports after rename ${renames}: ${names.join(', ')}`);
    // Another name in that folder, so that the set itself is not written.
    const other = path.join(folder, 'other.onnx');
    await whole(['export', this.checkpoint, '--output', other]);
    const after = filesOf(folder);
    const complete = [...old.keys()];
    const still = complete.filter((name) => after.has(name) && after.get(name).equals(old.get(name)));
    const isWhole =
      complete.every((name) => after.has(name)) && (still.length === 0 || still.length === complete.length);
    if (!isWhole) throw new Error(`${folder}: no whole set after rename ${renames}`);
    this.kills++;
    this.sets = (this.sets ?? 0) + 1;
    fs.rmSync(folder, { recursive: true });
    return true;
  }

  /**
   * Two at the same time, in a new folder or on a run that was ended half way: one trains, the other names it. In half of the
   * cases one of them is stopped at a random moment until the other has ended, which may be before or after it holds the run.
   */
  async pair() {
    const run = path.join(this.folder, `pair-${++this.runs}`);
    const begin = ['train', '--config', this.configFile, '--output', run];
    const resumes = this.random() < 0.5;
    if (resumes) await whole([...begin, '--max-steps', String(config.training.steps / 2)]);
    const args = resumes ? ['train', '--output', run, '--resume'] : begin;
    const both = [start(args), start(args)];
    const stops = this.random() < 0.5;
    if (stops) {
      await pause(this.random() * this.trainingTime);
      both[0].child.kill('SIGSTOP');
      await both[1].ended;
      both[0].child.kill('SIGCONT');
    }
    const ends = await Promise.all(both.map(({ ended }) => ended));
    const losers = ends.filter(({ code }) => code !== 0);
    const winner = both[ends.findIndex(({ code }) => code === 0)];
    const named = losers.every(
      ({ code, stderr }) =>
        code === 1 &&
        (stderr.includes(`process ${winner?.child.pid} `) || /already holds a run/.test(stderr)),
    );
    // One that was stopped until the other had trained the run to its end finds nothing left to do.
    const expected = losers.length === 1 || (losers.length === 0 && resumes && stops);
    if (!expected || !named)
      throw new Error(`two starts: ${ends.map(({ code, stderr }) => `${code} ${stderr}`).join(' / ')}`);
    const { metrics } = await this.tools.readRun(run);
    checkCurve(metrics, this.reference, true);
    fs.rmSync(run, { recursive: true });
    this.count(`${resumes ? 'resumed' : 'started'}${stops ? ', one stopped' : ''}`);
  }

  /**
   * A training and a writer of Python's that go on with a run at the same time: one after the other, or one is refused and names
   * the other. In half of the cases a writer was killed before, which no other namespace sees, and in half one of
   * the two is stopped for a while.
   * @param before what starts Python in a place of its own
   */
  async pairWithPython(python, before) {
    const run = path.join(this.folder, `pair-${++this.runs}`);
    const half = config.training.steps / 2;
    await whole(['train', '--config', this.configFile, '--output', run, '--max-steps', String(half)]);
    const lock = path.join(run, 'train.lock');
    const killed = this.random() < 0.5 && before.length === 0;
    if (killed) {
      const { child, ended } = startPython(python, [], run, 100, 60_000);
      while (!fs.existsSync(lock) && child.exitCode === null) await pause(5);
      child.kill('SIGKILL');
      await ended;
    }
    const rows = Math.ceil(this.random() * 100);
    const milliseconds = this.random() * this.trainingTime;
    const startBoth = [
      () => start(['train', '--output', run, '--resume']),
      () => startPython(python, before, run, rows, milliseconds),
    ];
    const both = [];
    const first = this.random() < 0.5 ? 0 : 1;
    for (const index of [first, 1 - first]) {
      both[index] = startBoth[index]();
      await pause((this.random() * this.trainingTime) / 4);
    }
    const stops = this.random() < 0.5;
    if (stops) {
      await pause((this.random() * this.trainingTime) / 2);
      const index = this.random() < 0.5 ? 0 : 1;
      const { pid } = both[index].child;
      const signal = (name) => both[index].child.exitCode === null && process.kill(index ? -pid : pid, name);
      signal('SIGSTOP');
      await both[1 - index].ended;
      signal('SIGCONT');
    }
    const [engine, writer] = await Promise.all(both.map(({ ended }) => ended));
    const said = `${engine.code} ${engine.stderr} / ${writer.code} ${writer.stderr}`;
    const trained = engine.code === 0;
    const wrote = writer.code === 0;
    const named =
      (trained || (engine.code === 1 && engine.stderr.includes(`process ${writer.stdout.trim()} on `))) &&
      (wrote || (writer.code === 1 && writer.stderr.includes(`process ${both[0].child.pid} on `)));
    if (!(trained || wrote) || !named) throw new Error(`a training and Python: ${said}`);
    const { metrics } = await this.tools.readRun(run);
    const from = metrics.findIndex((row) => row.python);
    const own = from < 0 ? metrics : metrics.slice(0, from);
    checkCurve(own, this.reference, trained);
    // A training that goes on after Python drops what came after its last checkpoint.
    const expected = from < 0 ? 0 : rows;
    const last = own.at(-1).step;
    const written = metrics.slice(own.length);
    if (written.length !== expected || written.some((row, i) => !row.python || row.step !== last + i + 1))
      throw new Error(`rows of two writers are mixed after step ${last}: ${said}`);
    if (!trained && from < 0) throw new Error(`what Python wrote is lost: ${said}`);
    if (fs.existsSync(lock)) throw new Error(`${lock} was left behind: ${said}`);
    fs.rmSync(run, { recursive: true });
    const place = before.length > 0 ? 'in another namespace' : 'with Python';
    this.count(
      `${place}: ${trained && wrote ? 'one after the other' : trained ? 'Python was refused' : 'the training was refused'}`,
    );
  }

  count(kind) {
    this.pairs[kind] = (this.pairs[kind] ?? 0) + 1;
  }
}

/**
 * Trainings that are stopped (SIGSTOP) at a random moment for some seconds, all at once. They hold their runs, whatever others
 * ask for, and go on as if nothing had been. Resolves to how many were stopped.
 */
async function stopped(trial, tries, seconds) {
  const runs = Array.from({ length: tries }, (_, i) => path.join(trial.folder, `stopped-${i}`));
  const owners = [];
  for (const run of runs) {
    // One that ended before, as a machine has become quicker, is tried again and stopped earlier.
    for (let share = 0.3; owners.at(-1)?.run !== run; share /= 2) {
      fs.rmSync(run, { recursive: true, force: true });
      const owner = start(['train', '--config', trial.configFile, '--output', run]);
      while (!fs.existsSync(path.join(run, 'train.lock'))) await pause(5);
      await pause(trial.random() * trial.trainingTime * share);
      if (owner.child.exitCode === null) {
        owner.child.kill('SIGSTOP');
        owners.push({ run, ...owner });
      } else await owner.ended;
    }
  }
  await pause(seconds * 1000);
  for (const { run, child } of owners) {
    const before = contentOf(run);
    for (const more of [[], ['--take-over']]) {
      const { code, stderr } = await start(['train', '--output', run, '--resume', ...more]).ended;
      if (code !== 1 || !stderr.includes(`process ${child.pid} `))
        throw new Error(`a run whose trainer is stopped was started again: ${code} ${stderr}`);
    }
    if (contentOf(run) !== before) throw new Error(`${run}: was changed while its trainer was stopped`);
  }
  for (const { child } of owners) child.kill('SIGCONT');
  for (const { run, ended } of owners) {
    const { code, stderr } = await ended;
    if (code !== 0) throw new Error(`a trainer that went on ended with ${code}: ${stderr}`);
    checkCurve((await trial.tools.readRun(run)).metrics, trial.reference, true);
  }
  for (const run of runs) fs.rmSync(run, { recursive: true, force: true });
  return owners.length;
}

/** Contents of the files in a folder, without hidden ones, by name. */
function filesOf(folder) {
  const names = fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
  return new Map(names.map((name) => [name, fs.readFileSync(path.join(folder, name))]));
}

/** Loaded by a process before its program: kills it at the rename with the number KILL_AT. */
const killer = `
const files = require('node:fs/promises');
const { rename } = files;
let left = Number(process.env.KILL_AT);
files.rename = (...given) => {
  if (left-- === 0) process.kill(process.pid, 'SIGKILL');
  return rename(...given);
};
require('node:module').syncBuiltinESMExports();
`;

/** Names and contents of all files in a folder. */
function contentOf(folder) {
  const names = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile());
  return names
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .sort()
    .map((file) => `${file} ${fs.readFileSync(file, 'base64')}`)
    .join('\n');
}

/** A small file system of its own, where this may be mounted; it is filled while a run is trained. */
async function fullDisk(trial, places, random) {
  const mount = path.join(trial.folder, 'small');
  fs.mkdirSync(mount);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', mount]).status !== 0) return undefined;
  try {
    for (let place = 0; place < places; place++) {
      const run = path.join(mount, `run-${place}`);
      const filler = path.join(mount, 'filler');
      const { child, ended } = start(['train', '--config', trial.configFile, '--output', run]);
      const timer = setTimeout(() => fill(filler), random() * trial.trainingTime);
      const end = await ended;
      clearTimeout(timer);
      void child;
      if (end.code !== 0 && !/disk is full/.test(end.stderr)) throw new Error(`a full disk: ${end.stderr}`);
      const before = fs.existsSync(run) ? await trial.tools.readRun(run) : undefined;
      fs.rmSync(filler, { force: true });
      const resumable = fs.existsSync(path.join(run, 'checkpoints', 'last.resume.safetensors'));
      if (before && resumable && end.code !== 0) {
        await whole(['train', '--output', run, '--resume']);
        const { metrics } = await trial.tools.readRun(run);
        checkCurve(metrics, trial.reference, true);
      }
      fs.rmSync(run, { recursive: true, force: true });
    }
    return places;
  } finally {
    spawnSync('umount', ['-l', mount]);
  }
}

function fill(file) {
  const handle = fs.openSync(file, 'w');
  try {
    for (const size of [65536, 4096, 512, 1]) {
      try {
        for (;;) fs.writeSync(handle, Buffer.alloc(size));
      } catch {
        // As many of the next size as there is room for.
      }
    }
  } finally {
    fs.closeSync(handle);
  }
}

function readArguments(given) {
  const options = {
    times: 20,
    pairs: undefined,
    python: undefined,
    seed: Date.now() % 2 ** 31,
    stopped: 120,
  };
  for (let index = 0; index < given.length; index += 2) {
    const name = given[index].slice(2);
    const value = Number(given[index + 1]);
    if (!(name in options) || !Number.isSafeInteger(value)) {
      throw new Stop(
        `Unknown option ${given[index]}. Known: --times N, --pairs N, --python N, --seed S, --stopped SECONDS.`,
      );
    }
    options[name] = value;
  }
  // As many pairs with Python as without; the short run of --full has none, and does not need it.
  options.python ??= options.pairs ?? Math.max(1, Math.round(options.times / 10));
  return options;
}

/** Half of them in another namespace, where one may be made. */
async function pairsWithPython(trial, pairs, log) {
  const python = await ensurePeersPython();
  const [command, ...args] = [...elsewhere, 'true'];
  const hasNamespaces = spawnSync(command, args).status === 0;
  if (!hasNamespaces) log('no other namespace of processes can be made here (unshare --pid)');
  for (let tried = 0; tried < pairs; tried++) {
    if (tried % 20 === 19) log(`${tried + 1} pairs with Python`);
    await trial.pairWithPython(python, hasNamespaces && tried % 2 === 1 ? elsewhere : []);
  }
}

/** @returns what was done, in numbers. @throws at the first thing that is lost */
export async function killTest({
  times,
  pairs = Math.max(1, Math.round(times / 10)),
  python = 0,
  seed,
  stopped: stopSeconds = 120,
  log = console.log,
}) {
  if (!fs.existsSync(program)) throw new Stop('dist/cli.js is missing; run node scripts/build.mjs');
  const began = performance.now();
  const random = randomOf(seed);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-kill-'));
  const trial = new Trial(folder, await toolsOf(), random);
  log(`seed ${seed}, in ${folder}`);
  await trial.prepare();
  let told = 0;
  while (trial.kills < times) {
    if (trial.kills >= told + 20) log(`${(told = trial.kills)} kills, ${trial.completed} runs ended`);
    const kind = random();
    if (kind < 0.7) await trial.killTraining();
    else if (kind < 0.8) await trial.killOutput(['export', trial.checkpoint, '--output', 'a.onnx']);
    else await trial.killOutput(['convert', trial.checkpoint, '--output', 'b.flow.safetensors']);
  }
  // Each place of a long run, and random ones of a short one.
  for (const format of ['onnx', 'torch']) {
    if (times >= 20) for (let at = 0; await trial.killSet(format, at);) at++;
    else await trial.killSet(format, 2 + Math.floor(4 * random()));
  }
  for (let tried = 0; tried < pairs; tried++) {
    if (tried % 20 === 19) log(`${tried + 1} pairs`);
    await trial.pair();
  }
  if (python > 0) await pairsWithPython(trial, python, log);
  const stops = await stopped(trial, Math.ceil(pairs / 5), stopSeconds);
  const filled = await fullDisk(trial, Math.max(1, Math.round(times / 10)), random);
  const { kills, completed, lost, largestDifference, sets = 0 } = trial;
  fs.rmSync(folder, { recursive: true, force: true });
  log(
    `${kills} kills, ${completed} runs went on to their end; at most ${lost} of ${interval} steps lost; ` +
      `curves differ by at most ${largestDifference}; ${sets} sets of files killed between renames; ` +
      `${pairs} pairs, ${python} with Python (${inWords(trial.pairs)}); ` +
      `${stops} trainers stopped for ${stopSeconds} s; ` +
      `${filled === undefined ? 'no file system could be mounted to be filled' : `${filled} full disks`}; ${seconds(began)}`,
  );
  return { kills, completed, lost, largestDifference, sets, pairs, stops, filled };
}

function inWords(counts) {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join('; ');
}

if (process.argv[1] && path.resolve(process.argv[1]) === path.join(root, 'scripts', 'kill-test.mjs')) {
  main(() => killTest(readArguments(process.argv.slice(2))));
}
