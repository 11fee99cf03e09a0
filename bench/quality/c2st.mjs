// Holds the classifier of flowscope check against scikit-learn's, with the settings of sbibm, on samples of a flow that
// flowscope reproduce sbibm has trained.
//   npm run quality -- c2st FOLDER [--seeds 2]
// FOLDER is that of one task, with result.json. Each classifier is trained with several seeds on the same samples.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePeersPython } from '../../scripts/peers-python.mjs';
import { flowscope, inTemporaryFolder, root, runProgram, table } from './support.mjs';

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** By observation and seed. */
async function ours(folder, seeds, count) {
  const main = path.join(root, 'bench', 'check', 'main.mjs');
  const files = Array.from({ length: count }, (_, i) => path.join(folder, `pair-${i + 1}.npy`));
  const halves = [files.slice(0, count / 2), files.slice(count / 2)].map(async (part) =>
    JSON.parse(await runProgram(process.execPath, [main, 'c2st', String(seeds), ...part], { cwd: root })),
  );
  return (await Promise.all(halves)).flat();
}

/** How far both are apart, beside what seeds do to each. */
function print(found, seeds) {
  // One seed has no deviation.
  const deviation = (values) =>
    Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) * (seeds / (seeds - 1)));
  const digits = (value) => (Number.isNaN(value) ? '–' : value.toFixed(4));
  const rows = found[0].map((_, i) => [
    String(i + 1),
    ...found.flatMap((all) => [digits(mean(all[i])), digits(deviation(all[i]))]),
  ]);
  console.log(table([['observation', 'scikit-learn', 'deviation', 'flowscope', 'deviation'], ...rows]));
  const apart = found[0].map((theirs, i) => mean(found[1][i]) - mean(theirs));
  console.log(
    `flowscope less scikit-learn: ${digits(mean(apart))} on average, ${digits(Math.max(...apart.map(Math.abs)))} at most`,
  );
}

export async function run(options) {
  const { values, positionals } = parseArgs({
    args: options,
    allowPositionals: true,
    options: { seeds: { type: 'string', default: '2' } },
  });
  const place = path.resolve(positionals[0] ?? '.');
  const { checkpoint, bound, observations } = JSON.parse(
    fs.readFileSync(path.join(place, 'result.json'), 'utf8'),
  );
  const python = await ensurePeersPython();
  const script = (...words) => runProgram(python, [path.join(root, 'bench', 'peer', 'c2st.py'), ...words]);
  await inTemporaryFolder(async (folder) => {
    for (const [i, observation] of observations.entries())
      await flowscope(
        ...['sample', checkpoint, '--count', '10000', '--seed', String(i + 1), '--quiet'],
        ...[`--condition=${observation.join()}`, '--output', path.join(folder, `samples-${i + 1}.csv`)],
      );
    await script('pairs', place, folder, String(bound ?? Infinity));
    const seeds = Number(values.seeds);
    const theirs = JSON.parse(await script('c2st', folder, String(seeds)));
    print([theirs, await ours(folder, seeds, observations.length)], seeds);
  });
}
