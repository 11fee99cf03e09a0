// npm run load-test -- [--gigabytes N | --soak MINUTES]
// How long large inputs take, and the most memory that a process needs for them (Linux): a million rows of metrics, a large
// checkpoint, a large table, and eight trainings at once. With --soak whether the memory of an inspector grows while the run
// that it shows is trained.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './esbuild-options.mjs';
import { main, seconds, Stop } from './run.mjs';

const program = path.join(root, 'dist', 'cli.js');

/** Runs a command of the command line. Resolves to its seconds and its peak of memory in MB. @throws when it fails */
function measured(args, cwd) {
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, FLOWSCOPE_BACKEND: 'onnxruntime' },
  });
  let peak = 0;
  const look = setInterval(() => {
    try {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peak);
    } catch {
      // It has ended, or this is not Linux.
    }
  }, 50);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      clearInterval(look);
      if (code !== 0) reject(new Stop(`${args.join(' ')} ended with ${code}: ${stderr}`));
      else resolve({ seconds: (performance.now() - began) / 1000, megabytes: Math.round(peak / 1024) });
    });
  });
}

/** A file of this many lines, written in blocks. */
function writeLines(file, count, line) {
  const handle = fs.openSync(file, 'w');
  for (let at = 0; at < count; at += 10_000) {
    const block = Array.from({ length: Math.min(10_000, count - at) }, (_, i) => line(at + i));
    fs.writeSync(handle, block.join(''));
  }
  fs.closeSync(handle);
}

const small = {
  data: { source: 'moons', count: 500, validation: 100 },
  model: { kind: 'vector', dim: 2, couplings: 2, hidden: [16] },
  training: { steps: 200, batch: 32 },
};

const loads = {
  async 'a million rows of metrics'(folder) {
    const config = path.join(folder, 'moons.flow.json');
    fs.writeFileSync(config, JSON.stringify(small));
    const run = path.join(folder, 'long');
    await measured(['train', '--config', config, '--output', run, '--quiet'], folder);
    writeLines(
      path.join(run, 'metrics.jsonl'),
      1_000_000,
      (i) => `{"step":${i + 1},"seconds":${i},"trainNats":${2 - i / 1e6},"learningRate":0.001}\n`,
    );
    return measured(['inspect', run, '--output', path.join(folder, 'page.html')], folder);
  },
  /** A file of zeros, which take no room on most disks; only its header is read. */
  async 'a large checkpoint'(folder, gigabytes) {
    const rows = Math.floor((gigabytes * 1e9) / 4 / 1000 / 100);
    const tensors = {};
    for (let i = 0; i < 100; i++) {
      const bytes = rows * 4000;
      tensors[`layer.${i}.weight`] = {
        dtype: 'F32',
        shape: [rows, 1000],
        data_offsets: [i * bytes, (i + 1) * bytes],
      };
    }
    const header = Buffer.from(JSON.stringify(tensors));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const file = path.join(folder, 'large.safetensors');
    fs.writeFileSync(file, Buffer.concat([length, header]));
    fs.truncateSync(file, 8 + header.length + rows * 4000 * 100);
    return measured(['info', file], folder);
  },
  async 'a large table'(folder, gigabytes) {
    const file = path.join(folder, 'large.csv');
    const row = (i) => `${i},${i * 0.5},${-i},${(i % 97) / 97},${i % 2}\n`;
    writeLines(file, Math.round((gigabytes * 1e9) / 38), row);
    const { size } = fs.statSync(file);
    const found = await measured(['data', file], folder);
    fs.rmSync(file);
    return { ...found, bytes: size };
  },
  async 'eight trainings at once'(folder) {
    const config = path.join(folder, 'moons.flow.json');
    fs.writeFileSync(config, JSON.stringify(small));
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        measured(
          [
            'train',
            '--config',
            config,
            '--output',
            path.join(folder, `of-8-${i}`),
            '--quiet',
            '--threads',
            '1',
          ],
          folder,
        ),
      ),
    );
    const most = (key) => Math.max(...all.map((each) => each[key]));
    return { seconds: most('seconds'), megabytes: most('megabytes') };
  },
};

/** What may still grow after the first third: the curve of the run gets longer, and the collector has its moods. */
const allowed = { fraction: 0.1, megabytes: 10 };

async function soak(folder, minutes) {
  const { bundleTests } = await import('./test-bundles.mjs');
  const { ensureBrowser } = await import('./browser.mjs');
  const [script] = await bundleTests(`soak-${process.pid}`, ['test/load/soak.ts'], { base: 'test/load' });
  process.env.CHROMIUM = await ensureBrowser();
  process.env.FLOWSCOPE_BACKEND = 'onnxruntime';
  const { soak: run } = await import(pathToFileURL(script).href);
  fs.rmSync(path.dirname(script), { recursive: true, force: true });
  const kinds = ['engine', 'page', 'host', 'nodes'];
  const inWords = (sample) => kinds.map((kind) => `${kind} ${sample[kind].toFixed(1)}`).join(', ');
  const samples = await run(folder, minutes, (sample) =>
    console.log(`${sample.minutes.toFixed(1)} min, ${sample.checkpoints} checkpoints: ${inWords(sample)}`),
  );
  const third = samples.length / 3;
  for (const kind of kinds) {
    const [middle, last] = [1, 2].map((at) => {
      const values = samples.slice(Math.round(at * third), Math.round((at + 1) * third)).map((s) => s[kind]);
      return values.sort((a, b) => a - b)[values.length >> 1];
    });
    console.log(`${kind}: ${middle.toFixed(1)} in the second third, ${last.toFixed(1)} in the last`);
    if (last > middle * (1 + allowed.fraction) && last > middle + allowed.megabytes)
      throw new Stop(`${kind} grows`);
  }
}

function readArguments([name, value, ...more]) {
  const kinds = ['--gigabytes', '--soak'];
  if (name !== undefined && !(kinds.includes(name) && Number(value) > 0 && more.length === 0))
    throw new Stop(`Unknown option ${name} ${value ?? ''}. Known: --gigabytes N, --soak MINUTES.`);
  return {
    gigabytes: name === '--gigabytes' ? Number(value) : 2,
    minutes: name === '--soak' && Number(value),
  };
}

async function loadTest(given) {
  if (!fs.existsSync(program)) throw new Stop('dist/cli.js is missing; run node scripts/build.mjs');
  const { gigabytes, minutes } = readArguments(given);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-load-'));
  const began = performance.now();
  try {
    if (minutes) await soak(folder, minutes);
    else await loadAll(folder, gigabytes);
    console.log(seconds(began));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function loadAll(folder, gigabytes) {
  for (const [name, load] of Object.entries(loads)) {
    const { seconds: took, megabytes, bytes } = await load(folder, gigabytes);
    console.log(
      `${name}: ${took.toFixed(1)} s, ${megabytes} MB${bytes ? ` (${(bytes / 1e9).toFixed(2)} GB)` : ''}`,
    );
  }
}

main(() => loadTest(process.argv.slice(2)));
