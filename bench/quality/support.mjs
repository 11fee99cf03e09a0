// What the measurements share: running the built command line, temporary folders, results.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { save } from '../speed/results.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const results = path.join(root, 'bench', 'quality', 'results');

/** Runs `work` with a folder that is removed afterwards. */
export async function inTemporaryFolder(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-quality-'));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program to its end and gives its standard output; what it says on standard error is shown if it fails. */
export function runProgram(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve(out)
        : reject(
            new Error(`${path.basename(command)} ${args.join(' ')} ended with ${code}\n${err.slice(-2000)}`),
          ),
    );
  });
}

/** The product's command line, as built in dist. */
export function flowscope(...args) {
  return runProgram(process.execPath, [path.join(root, 'dist', 'cli.js'), ...args]);
}

export function readMetrics(run) {
  return fs
    .readFileSync(path.join(run, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const codes = { Float32Array: '<f4', Uint8Array: '|u1' };

/** An NPY file, version 1.0, of a Float32Array or a Uint8Array. */
export function npyBytes(values, shape) {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${codes[values.constructor.name]}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(length - 10, 8);
  header.write(text, 10, 'latin1');
  header[length - 1] = 0x0a;
  return Buffer.concat([header, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]);
}

export function writeNpy(file, values, shape) {
  fs.writeFileSync(file, npyBytes(values, shape));
}

export const saveResult = (name, content) => save(results, name, content);

/** A Markdown table from rows of texts, the first being its head. */
export function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Rows of an earlier measurement, by name (all that there are without `names`), with those that were measured anew in their places. */
export function mergedRows(file, names, rows) {
  const saved = path.join(results, file);
  const earlier = fs.existsSync(saved) ? JSON.parse(fs.readFileSync(saved, 'utf8')) : [];
  const byName = new Map([...earlier, ...rows].map((row) => [row.name, row]));
  return (names ?? [...byName.keys()].sort()).flatMap((name) => byName.get(name) ?? []);
}

/** What a learned flow costs beyond the truth, on the same points: nats of each under both. */
export function gapOf(trueNll, learnedNll) {
  const n = trueNll.length;
  const mean = (values) => values.reduce((a, b) => a + b, 0) / n;
  const differences = trueNll.map((nll, i) => learnedNll[i] - nll);
  const gap = mean(differences);
  const deviation = Math.sqrt(mean(differences.map((d) => (d - gap) ** 2)));
  return {
    trueNll: mean(trueNll),
    learnedNll: mean(trueNll) + gap,
    gap,
    standardError: deviation / Math.sqrt(n),
  };
}
