// npm run fuzz -- [--minutes N | --cases N] [--seed S] [--only FORMAT]… [--strace]
// Opens damaged and hostile files of every format that is read, in processes with little memory, and keeps each file that
// is neither opened nor refused in words, made small, in test/fixtures/fuzz. With --strace (Linux) it tells which files
// outside of the case's folder were looked for.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { main, Stop } from './run.mjs';

const megabytes = 512;
/** Milliseconds for a case. */
const deadline = 5000;
/** Cases that a process is given at once. */
const batch = 50;
/** Milliseconds that a format has before it is the next one's turn. */
const slice = 8000;

export async function bundleFuzz() {
  const { bundleTests } = await import('./test-bundles.mjs');
  // A folder of its own: another run may be under way, whose processes begin again now and then.
  const [script] = await bundleTests(`fuzz-${process.pid}`, ['test/fuzz/child.ts'], { base: 'test/fuzz' });
  return script;
}

/** Node by itself, or watched by strace, which ends with it. */
function launchOf(nodeArgs, trace) {
  if (!trace) return { execArgv: nodeArgs };
  const watched = ['-f', '-qq', '--seccomp-bpf', '-e', 'trace=open,openat,openat2'];
  const output = path.join(trace, String(fs.readdirSync(trace).length));
  return { execPath: 'strace', execArgv: [...watched, '-o', output, process.execPath, ...nodeArgs] };
}

/**
 * Files that were opened and lie neither in the case's folder nor among Node's, the system's and the product's own.
 * @returns {Map<string, number>} how often each
 */
function openedElsewhere(trace, folder) {
  const known = [
    folder,
    root,
    path.resolve(path.dirname(process.execPath), '..'),
    '/proc',
    '/sys',
    '/dev',
    '/lib',
    '/usr/lib',
  ];
  const found = new Map();
  for (const name of fs.readdirSync(trace)) {
    /** Calls during which another thread had its turn. */
    const begun = new Map();
    for (const line of fs.readFileSync(path.join(trace, name), 'utf8').split('\n')) {
      const [, thread, call] = /^(\d+) +(.*)$/.exec(line) ?? [];
      if (!call) continue;
      const file = /^open\w*\((?:[^,]*, )?"((?:[^"\\]|\\.)*)"/.exec(call)?.[1] ?? begun.get(thread);
      if (/<unfinished/.test(call)) begun.set(thread, file);
      else if (file !== undefined && /= \d+$/.test(call.replace(/<[^>]*>$/, ''))) {
        const full = path.resolve(root, file);
        if (known.some((each) => full === each || full.startsWith(`${each}/`))) continue;
        found.set(full, (found.get(full) ?? 0) + 1);
      }
    }
  }
  return found;
}

/** A process that opens files. It begins again after one that ended or blocked it. */
export function createFuzzer(script, { pace = 1, trace } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-fuzz-'));
  let child;
  let ready;

  const start = () => {
    // Its errors are in what it says; native libraries write to it as they end a process.
    child = fork(script, {
      cwd: root,
      ...launchOf([`--max-old-space-size=${megabytes}`, '--expose-gc', '--enable-source-maps'], trace),
      env: { ...process.env, TMPDIR: folder, FLOWSCOPE_FUZZ_FOLDER: folder },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4000)));
    child.said = () => said;
    ready = new Promise((resolve, reject) => {
      child.once('message', ({ formats, pid }) => {
        child.opener = pid;
        resolve(formats);
      });
      child.once('exit', () => reject(new Stop(`the fuzzer does not start:\n${said}`)));
    });
  };

  const end = () =>
    new Promise((resolve) => {
      if (!child || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', resolve);
      if (child.opener) process.kill(child.opener, 'SIGKILL');
      else child.kill('SIGKILL');
    });

  /** Resolves to { problem } at the first bad case, with its index, or to { done }. @param onCase called for each */
  const ask = async (order, onCase = () => undefined) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) start();
    await ready;
    const asked = child;
    const outcome = await new Promise((resolve) => {
      let at = order.from ?? 0;
      let timer;
      const onMessage = (message) => {
        clearTimeout(timer);
        if (message.done) return resolve({ done: true });
        if ('begins' in message) {
          at = message.begins;
          timer = setTimeout(
            () => resolve({ index: at, problem: `hangs: over ${deadline} ms` }),
            deadline * pace,
          );
          return;
        }
        onCase(message);
        if (message.problem) return resolve({ index: at, problem: message.problem });
        if (message.kilobytes > megabytes * 1024)
          resolve({ index: at, problem: `memory: ${Math.round(message.kilobytes / 1024)} MB` });
      };
      asked.on('message', onMessage);
      asked.send(order);
      asked.once('exit', (code, signal) => {
        clearTimeout(timer);
        resolve({ index: at, problem: `crash: ${signal ?? code} ${asked.said().slice(-600)}` });
      });
    });
    asked.removeAllListeners('message');
    asked.removeAllListeners('exit');
    if (outcome.problem) await end();
    return outcome;
  };

  return {
    ask,
    async formats() {
      if (!child) start();
      return ready;
    },
    /** The file that was opened last. */
    lastFile: (format) => path.join(folder, 'case', format.file),
    folder,
    async close() {
      await end();
      for (const each of [folder, path.dirname(script)]) fs.rmSync(each, { recursive: true, force: true });
    },
  };
}

/** What two problems have in common when they have the same cause: the message without numbers and names, and the place. */
function kindOf(problem) {
  const [first, ...rest] = problem.split('\n');
  if (/^(hangs|memory|crash)/.test(first)) return first.split(':')[0];
  const place = rest.find((line) => /\b(src|node_modules)\b/.test(line)) ?? '';
  return `${first.replace(/"[^"]*"|'[^']*'|\d+/g, '…').slice(0, 80)} ${place.trim().replace(/^.*\(|\)$/g, '')}`;
}

/** Fewer bytes that are bad in the same way: chunks are left out while that is so. */
async function minimize(fuzzer, format, bytes, problem) {
  const kind = kindOf(problem);
  const file = path.join(fuzzer.folder, 'small');
  const slow = /^(hangs|memory|crash)/.test(kind);
  const until = performance.now() + (slow ? 60_000 : 20_000);
  let best = bytes;
  for (let size = bytes.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.length && performance.now() < until;) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      fs.writeFileSync(file, shorter);
      const { problem: still } = await fuzzer.ask({ format: format.name, file });
      if (still && kindOf(still) === kind) best = shorter;
      else at += size;
    }
  }
  return best;
}

/** A case is bad if it is so in a process of its own too. Resolves to what is kept of it; undefined for others. */
async function confirm(fuzzer, format, { index, problem }, seed) {
  const { problem: again } = await fuzzer.ask({ format: format.name, seed, from: index, to: index + 1 });
  if (!again) return undefined;
  const bytes = fs.readFileSync(fuzzer.lastFile(format));
  return { problem: again, bytes: await minimize(fuzzer, format, bytes, again), first: problem };
}

/** Cases of one format, from `from` on. @returns {{ cases, refused, failures, unconfirmed }} */
export async function fuzzFormat(fuzzer, format, { seed, from, to, known = new Map() }) {
  const total = { cases: 0, refused: 0, failures: [], unconfirmed: 0 };
  for (let next = from; next < to;) {
    const outcome = await fuzzer.ask({ format: format.name, seed, from: next, to }, ({ refused }) => {
      total.cases++;
      if (refused) total.refused++;
    });
    if (outcome.done) break;
    if (/^(hangs|crash)/.test(outcome.problem)) total.cases++;
    next = outcome.index + 1;
    const kind = `${format.name} ${kindOf(outcome.problem)}`;
    known.set(kind, (known.get(kind) ?? 0) + 1);
    if (known.get(kind) > 1) continue;
    const kept = await confirm(fuzzer, format, outcome, seed);
    if (kept) total.failures.push({ index: outcome.index, ...kept });
    else {
      known.delete(kind);
      total.unconfirmed++;
    }
  }
  return total;
}

/** Larger ones are named by their seed: they are too large for a repository. */
const largestKept = 64 * 1024;

function keep(format, { bytes, index }, seed) {
  if (bytes.length > largestKept) return `nothing, since it is large: case ${index} of seed ${seed}`;
  const folder = path.join(root, 'test', 'fixtures', 'fuzz', format.name);
  fs.mkdirSync(folder, { recursive: true });
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  const file = path.join(folder, `${hash}.bin`);
  fs.writeFileSync(file, bytes);
  return path.relative(root, file);
}

function readArguments(given) {
  const options = {
    minutes: undefined,
    cases: undefined,
    seed: Date.now() % 2 ** 31,
    only: [],
    strace: false,
  };
  for (let index = 0; index < given.length; index++) {
    const name = given[index].slice(2);
    if (name === 'strace') {
      options.strace = true;
      continue;
    }
    const value = given[++index];
    if (name === 'only') options.only.push(value);
    else if (name in options && Number.isFinite(Number(value))) options[name] = Number(value);
    else
      throw new Stop(
        `Unknown option --${name} ${value ?? ''}. Known: --minutes N, --cases N, --seed S, --only FORMAT, --strace.`,
      );
  }
  if (options.minutes === undefined && options.cases === undefined) options.minutes = 5;
  return options;
}

async function fuzz(options) {
  const { minutes = Infinity, cases = Infinity, seed, only, strace } = options;
  const { measurePace } = await import('./pace.mjs');
  const trace = strace ? fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-strace-')) : undefined;
  const fuzzer = createFuzzer(await bundleFuzz(), { pace: (await measurePace()) * (strace ? 4 : 1), trace });
  const all = await fuzzer.formats();
  const chosen = all.filter(({ name }) => only.length === 0 || only.includes(name));
  if (chosen.length === 0) throw new Stop(`Formats: ${all.map(({ name }) => name).join(', ')}.`);
  console.log(`seed ${seed}, ${chosen.length} formats`);
  const sums = new Map(chosen.map(({ name }) => [name, { cases: 0, refused: 0, bad: 0, unconfirmed: 0 }]));
  const known = new Map();
  const until = performance.now() + minutes * 60_000;
  const most = cases / chosen.length;
  const report = () => {
    console.table(Object.fromEntries(sums));
    const total = [...sums.values()].reduce((sum, each) => sum + each.cases, 0);
    console.log(`${total} cases, ${known.size} kinds of problems`);
  };
  const add = (format, { failures, unconfirmed, cases: done, refused }) => {
    const sum = sums.get(format.name);
    sum.cases += done;
    sum.refused += refused;
    sum.bad += failures.length;
    sum.unconfirmed += unconfirmed;
    for (const failure of failures) {
      console.log(`${format.name} ${failure.index}: ${failure.problem.slice(0, 1200)}`);
      console.log(`  kept in ${keep(format, failure, seed)} (${failure.bytes.length} bytes)`);
    }
  };
  process.once('SIGTERM', () => {
    report();
    process.exit(1);
  });
  const next = new Map(chosen.map(({ name }) => [name, 0]));
  for (let round = 1; [...next.values()].some((at) => at < most) && performance.now() < until; round++) {
    for (const format of chosen) {
      // Formats that are opened quickly get more cases, and all the same time.
      const turn = Math.min(until, performance.now() + slice);
      while (next.get(format.name) < most && performance.now() < turn) {
        const from = next.get(format.name);
        const to = Math.min(from + batch, Math.ceil(most));
        add(format, await fuzzFormat(fuzzer, format, { seed, from, to, known }));
        next.set(format.name, to);
      }
    }
    if (round % 2 === 0) report();
  }
  await fuzzer.close();
  report();
  if (trace) {
    const elsewhere = openedElsewhere(trace, fuzzer.folder);
    console.log(`${elsewhere.size} files were opened outside of the case's folder`);
    for (const [file, count] of elsewhere) console.log(`  ${file} (${count} times)`);
    fs.rmSync(trace, { recursive: true, force: true });
  }
  process.exitCode = known.size > 0 ? 1 : 0;
}

if (process.argv[1] && path.resolve(process.argv[1]) === path.join(root, 'scripts', 'fuzz.mjs')) {
  main(() => fuzz(readArguments(process.argv.slice(2))));
}
