// Learned NLL against the entropy of distributions where it is known (known-entropy.mjs). Both are compared on the same
// fresh test points too, since the mean of the true −ln p over them differs from the entropy by sampling noise only.
//   npm run quality -- entropy [NAME]…   (named sets replace their rows in the results)
import fs from 'node:fs';
import path from 'node:path';
import { cases, distribution } from './known-entropy.mjs';
import { flowscope, inTemporaryFolder, mergedRows, saveResult, table, writeNpy } from './support.mjs';

const testRows = 40_000;

/** The setting for all but one: enough fresh rows that nothing is learned by heart. */
const usual = {
  rows: 400_000,
  model: { kind: 'vector', couplings: 10, hidden: [100, 100] },
  training: {
    steps: 6000,
    batch: 512,
    learningRate: 1e-3,
    schedule: 'cosine',
    warmupSteps: 100,
    validateEvery: 500,
    checkpointEvery: 6000,
    sampleEvery: 6000,
  },
};

/**
 * Bends in 63 dimensions at once: with the usual setting 2.4 % of the entropy are missing, and a larger flow on the usual
 * rows learns them by heart.
 */
const larger = {
  rows: 1_200_000,
  model: { ...usual.model, couplings: 20, mask: 'random' },
  training: { ...usual.training, steps: 10_000, learningRate: 2e-3 },
};

async function measure(entry, folder) {
  const truth = distribution(entry);
  const { rows, ...settings } = truth.name === 'affine-banana-63' ? larger : usual;
  const train = path.join(folder, `${truth.name}.npy`);
  const test = path.join(folder, `${truth.name}-test.npy`);
  writeNpy(train, truth.draw(rows, 1).values, [rows, truth.dim]);
  const drawn = truth.draw(testRows, 2);
  writeNpy(test, drawn.values, [testRows, truth.dim]);
  const config = path.join(folder, `${truth.name}.json`);
  fs.writeFileSync(config, JSON.stringify({ data: { source: train, validation: 10_000 }, ...settings }));
  const run = path.join(folder, truth.name);
  const started = Date.now();
  await flowscope('train', '--config', config, '--output', run, '--quiet');
  const seconds = (Date.now() - started) / 1000;
  const scores = JSON.parse(await flowscope('score', run, '--input', test, '--json'));
  const trueNll = drawn.nll.reduce((a, b) => a + b, 0) / testRows;
  const differences = drawn.nll.map((nll, i) => scores.nats[i] - nll);
  const mean = differences.reduce((a, b) => a + b, 0) / testRows;
  const deviation = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / testRows);
  fs.rmSync(train);
  return {
    name: truth.name,
    dim: truth.dim,
    entropy: truth.entropy,
    trueNll,
    learnedNll: trueNll + mean,
    gap: mean,
    gapPercent: (100 * mean) / truth.entropy,
    standardError: deviation / Math.sqrt(testRows),
    seconds,
  };
}

export async function run(options) {
  const wanted = cases.filter((entry) => options.length === 0 || options.includes(distribution(entry).name));
  const measured = await inTemporaryFolder(async (folder) => {
    const done = [];
    for (const entry of wanted) {
      done.push(await measure(entry, folder));
      console.log(done.at(-1));
    }
    return done;
  });
  const names = cases.map((entry) => distribution(entry).name);
  const rows = mergedRows('entropy.json', names, measured);
  const text = table([
    [
      'set',
      'D',
      'entropy',
      'true NLL of the test points',
      'learned NLL of the same',
      'gap',
      'of the entropy',
      's',
    ],
    ...rows.map((r) => [
      r.name,
      String(r.dim),
      r.entropy.toFixed(3),
      r.trueNll.toFixed(3),
      r.learnedNll.toFixed(3),
      `${r.gap.toFixed(3)} ± ${r.standardError.toFixed(3)}`,
      `${r.gapPercent.toFixed(2)} %`,
      r.seconds.toFixed(0),
    ]),
  ]);
  console.log(text);
  saveResult('entropy.json', rows);
  saveResult('entropy.md', `${text}\n`);
  const wrong = rows.filter((r) => r.gapPercent > 1 || r.gap < -3 * r.standardError);
  if (wrong.length > 0) {
    console.error(`outside: ${wrong.map(({ name }) => name).join(', ')}`);
    process.exitCode = 1;
  }
}
