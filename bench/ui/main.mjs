// How fast the inspector is in a real workbench: npm run bench:ui [-- --keep FOLDER --only TEXT]. Results go to bench/ui/results;
// with --only, which picks tests by their names, those of the others stay.
//
// The flows that are opened have the sizes that matter, not the quality: two steps of training each.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build.mjs';
import { runExtensionSuite } from '../../scripts/extension-tests.mjs';
import { main, Stop } from '../../scripts/run.mjs';
import { flowscope, root, table, writeNpy } from '../quality/support.mjs';
import { writeRecording } from './recording.mjs';

/** Pictures of CIFAR-10's size, smooth with a little noise, from a small generator of its own. */
function pictures(count, size = 32) {
  const values = new Uint8Array(count * size * size * 3);
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < count; i++) {
    const waves = Array.from({ length: 9 }, () => random() * 2 - 1);
    for (let p = 0; p < size * size; p++) {
      for (let c = 0; c < 3; c++) {
        const wave =
          waves[c] * (p % size) * 0.3 + waves[3 + c] * Math.floor(p / size) * 0.3 + waves[6 + c] * 6;
        values[(i * size * size + p) * 3 + c] = 128 + 100 * Math.sin(wave) + 8 * (random() - 0.5);
      }
    }
  }
  return values;
}

async function trained(folder, name, preset, config) {
  const run = path.join(folder, name);
  if (fs.existsSync(path.join(run, 'checkpoints', 'best.flow.safetensors'))) return run;
  console.log(`making ${name}`);
  const file = path.join(folder, `${name}.json`);
  fs.writeFileSync(file, JSON.stringify(config));
  fs.rmSync(run, { recursive: true, force: true });
  await flowscope('train', '--preset', preset, '--config', file, '--output', run, '--quiet');
  return run;
}

/** A run of 10,000 rows, as of a training that went on for long. */
function lengthen(run, rows) {
  const file = path.join(run, 'metrics.jsonl');
  const first = JSON.parse(fs.readFileSync(file, 'utf8').split('\n')[0]);
  const lines = Array.from({ length: rows }, (_, i) => {
    const nats = 2 + 3 * Math.exp(-i / 2000) + 0.05 * Math.sin(i * 1.7);
    const row = {
      ...first,
      step: i + 1,
      seconds: i * 0.01,
      trainNats: nats,
      gradientNorm: 1 + Math.abs(Math.sin(i)),
    };
    return JSON.stringify(i % 50 === 49 ? { ...row, validationNats: nats + 0.05 } : row);
  });
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
}

async function prepare(folder, only) {
  const recording = writeRecording(path.join(folder, 'large.flowrec.safetensors'));
  // Some tests need none of the flows, whose training takes minutes.
  if (only && /^(recording|sample|trainings|\W)+$/.test(only)) return { recording };
  const data = path.join(folder, 'pictures.npy');
  if (!fs.existsSync(data)) writeNpy(data, pictures(256), [256, 32, 32, 3]);
  const few = { steps: 2, batch: 8 };
  const cifar = await trained(folder, 'cifar', 'paper-cifar10', {
    data: { source: 'pictures.npy', validation: 64 },
    training: few,
  });
  const deep = await trained(folder, 'deep', 'moons', {
    data: { source: 'moons' },
    model: { kind: 'vector', couplings: 200, hidden: [16] },
    training: { steps: 2 },
  });
  const long = await trained(folder, 'long', 'moons', { data: { source: 'moons' }, training: { steps: 2 } });
  lengthen(long, 10_000);
  return { cifar, deep, long, recording };
}

/** Linux shares processors out by session first: a browser that stands in for VS Code's window is one of its own. */
function groupNote() {
  const file = '/proc/sys/kernel/sched_autogroup_enabled';
  if (!fs.existsSync(file)) return '';
  const apart = fs.readFileSync(file, 'utf8').trim() === '1';
  return apart
    ? '\nThe window and the engine were in scheduling groups of their own, so that the engine’s niceness did not count.\n'
    : '\nThe window and the engine shared the processors as those of one session do (automatic scheduling groups were off).\n';
}

/** Of a part of the tests: the rows of the others stay as they were measured before. */
function merged(file, rows, only) {
  if (!only || !fs.existsSync(file)) return rows;
  const before = JSON.parse(fs.readFileSync(file, 'utf8'));
  const known = new Map([...before, ...rows].map((row) => [row.what, row]));
  return [...known.values()];
}

main(async () => {
  const { values } = parseArgs({ options: { keep: { type: 'string' }, only: { type: 'string' } } });
  const folder = values.keep
    ? path.resolve(values.keep)
    : fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-ui-'));
  fs.mkdirSync(folder, { recursive: true });
  try {
    if (values.only) process.env.FLOWSCOPE_TEST_GREP = values.only;
    const runs = await prepare(folder, values.only);
    // As users have it: the pages' scripts are a third of the size.
    await build({ production: true });
    const results = path.join(folder, 'ui.json');
    fs.rmSync(results, { force: true });
    process.env.FLOWSCOPE_BENCH = JSON.stringify({ ...runs, results });
    const sources = [path.join('bench', 'ui', 'inspector.test.ts')];
    const { failed } = await runExtensionSuite('bench-ui', { sources, base: path.join('bench', 'ui') });
    if (failed > 0 || !fs.existsSync(results)) throw new Stop('The measurement did not end; see above.');
    const out = path.join(root, 'bench', 'ui', 'results');
    const rows = merged(path.join(out, 'ui.json'), JSON.parse(fs.readFileSync(results, 'utf8')), values.only);
    const text = table([
      ['what', 'median', 'most', 'of', 'asked for'],
      ...rows.map(({ what, unit, median, most, count, limit }) => [
        what,
        `${median} ${unit}`,
        `${most} ${unit}`,
        String(count),
        limit,
      ]),
    ]);
    console.log(`\n${text}\n${groupNote()}`);
    fs.mkdirSync(out, { recursive: true });
    fs.writeFileSync(path.join(out, 'ui.json'), `${JSON.stringify(rows, null, 1)}\n`);
    fs.writeFileSync(path.join(out, 'ui.md'), `${text}\n${groupNote()}`);
  } finally {
    if (!values.keep) fs.rmSync(folder, { recursive: true, force: true });
  }
});
