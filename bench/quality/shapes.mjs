// Splines on the built-in 2-D sets against their entropies (shape-densities.mjs), on new points.
//   npm run quality -- shapes [NAME]… [--steps N]   (named sets replace their rows in the results)
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { shape, shapeNames } from './shape-densities.mjs';
import {
  flowscope,
  gapOf,
  inTemporaryFolder,
  mergedRows,
  readMetrics,
  saveResult,
  table,
  writeNpy,
} from './support.mjs';

const testPoints = 20_000;

/** Over the presets of the sets and of nsf: sharp edges want more bins, and large steps at first. */
const model = { bins: 16, couplings: 6 };
const settings = { batch: 512, learningRate: 5e-3, schedule: 'cosine', validateEvery: 500 };
/** A flow of this size learns 100,000 points by heart, which leaves a gap of 0.03 nats. */
const points = 1_000_000;

async function measure(name, steps, folder) {
  const truth = shape(name);
  const config = path.join(folder, `${name}.json`);
  const training = { ...settings, steps, checkpointEvery: steps, sampleEvery: steps };
  fs.writeFileSync(config, JSON.stringify({ data: { source: name, count: points }, model, training }));
  const run = path.join(folder, name);
  await flowscope(
    ...['train', '--data', name, '--preset', 'nsf', '--config', config],
    ...['--output', run, '--quiet'],
  );
  const test = path.join(folder, `${name}.npy`);
  const drawn = truth.draw(testPoints, 2);
  writeNpy(test, drawn.values, [testPoints, 2]);
  const { nats } = JSON.parse(await flowscope('score', run, '--input', test, '--json'));
  return {
    ...{ name, entropy: truth.entropy, steps, seconds: readMetrics(run).at(-1).seconds },
    ...gapOf(drawn.nll, nats),
  };
}

export async function run(options) {
  const { values, positionals } = parseArgs({
    args: options,
    allowPositionals: true,
    options: { steps: { type: 'string', default: '14000' } },
  });
  const wanted = shapeNames.filter((name) => positionals.length === 0 || positionals.includes(name));
  const measured = await inTemporaryFolder(async (folder) => {
    const done = [];
    for (const name of wanted) {
      done.push(await measure(name, Number(values.steps), folder));
      console.log(done.at(-1));
    }
    return done;
  });
  const rows = mergedRows('shapes.json', shapeNames, measured);
  const text = table([
    ['set', 'entropy', 'true NLL of the test points', 'learned NLL of the same', 'gap', 'steps', 's'],
    ...rows.map((r) => [
      r.name,
      r.entropy.toFixed(3),
      r.trueNll.toFixed(3),
      r.learnedNll.toFixed(3),
      `${r.gap.toFixed(3)} ± ${r.standardError.toFixed(3)}`,
      String(r.steps),
      r.seconds.toFixed(0),
    ]),
  ]);
  console.log(text);
  saveResult('shapes.json', rows);
  saveResult('shapes.md', `${text}\n`);
}
