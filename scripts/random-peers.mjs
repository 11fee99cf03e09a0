// Checkpoints of random settings that the libraries write, opened by us, and what we write back, loaded by them; a part of
// `npm run test:peers`.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkWritten, verdict } from './check-peers.mjs';
import { run, Stop } from './run.mjs';
import { bundleTests } from './test-bundles.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const source = path.join('test', 'peers', 'random', 'open.ts');
const writer = path.join(root, 'test', 'peers', 'random', 'write.py');

/**
 * Each library is written by the first Python that has it.
 * @param {(name: string, problem?: string, detail?: string) => void} report
 */
export async function randomPeers(pythons, { count, seed, kinds = [] }, folder, report) {
  console.log(`random settings: ${count} of each kind from seed ${seed}`);
  const out = path.join(folder, 'random');
  const missing = await write(pythons, { count, seed, kinds }, out, report);
  for (const { library, missing: why } of missing) console.log(`- ${library}: skipped, ${why}`);
  if (!fs.existsSync(out)) return;
  const answers = await open(out);
  const written = answers.flatMap(({ back }) => (back ? [back] : []));
  const loaded = written.length > 0 ? await checkWritten(pythons[0], written, folder) : new Map();
  for (const kind of new Set(answers.map((answer) => answer.kind))) {
    const cases = answers.filter((answer) => answer.kind === kind);
    const wrong = cases.filter(({ problem }) => problem);
    for (const one of wrong) report(`${kind}, seed ${one.seed}`, one.problem);
    const right = cases.length - wrong.length;
    if (right === 0) continue;
    const furthest = Math.max(...cases.map(({ off }) => off ?? 0));
    report(kind, undefined, `: ${right} of ${cases.length} agree, ${furthest.toFixed(2)} of what is allowed`);
    reportBack(kind, cases, loaded, report);
  }
}

/** What the library makes of the flows that were written back for it; and why others were not, each reason once. */
function reportBack(kind, cases, loaded, report) {
  const back = cases.flatMap(({ back, seed }) => (back ? [{ name: back.name, seed }] : []));
  const problems = back.map(({ name, seed }) => ({ seed, problem: verdict(loaded.get(name)) }));
  const wrong = problems.filter(({ problem }) => problem);
  for (const { seed, problem } of wrong) report(`${kind} back, seed ${seed}`, problem);
  const right = back.length - wrong.length;
  if (right > 0) report(`${kind} back`, undefined, `: ${right} of ${back.length} agree`);
  const reasons = new Map();
  for (const { unwritten } of cases) if (unwritten) reasons.set(unwritten, (reasons.get(unwritten) ?? 0) + 1);
  for (const [reason, count] of reasons) console.log(`- ${kind}: ${count} not written back. ${reason}`);
}

async function write(pythons, { count, seed, kinds }, out, report) {
  let libraries;
  let missing = [];
  for (const python of pythons) {
    const { code, output } = await run(
      python,
      [
        writer,
        ...['--out', out, '--count', String(count), '--seed', String(seed)],
        ...kinds.flatMap((kind) => ['--kind', kind]),
        ...(libraries ?? []).flatMap((library) => ['--library', library]),
      ],
      { cwd: path.dirname(out), quiet: true, env: { OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' } },
    );
    const lines = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    if (code !== 0) throw new Stop(`write.py ended with ${code}: ${output.slice(-2000)}`);
    for (const { kind, seed, error } of lines.filter((line) => line.error))
      report(`${kind}, seed ${seed}`, error);
    missing = lines.filter((line) => line.missing);
    libraries = missing.map(({ library }) => library);
    if (libraries.length === 0) break;
  }
  return missing;
}

async function open(out) {
  const [bundle] = await bundleTests('peers', [source]);
  const { code, output } = await run(process.execPath, ['--enable-source-maps', bundle, out], {
    cwd: root,
    quiet: true,
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  if (code !== 0) throw new Stop(`opening the checkpoints ended with ${code}: ${output.slice(-2000)}`);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}
