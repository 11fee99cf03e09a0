// Calibration of trained flows on problems whose posterior is known or can be drawn from: a linear Gaussian, and the two moons of sbi
// (Greenberg et al. 2019, arXiv:1905.07488). A well-trained flow should not be called off over ten seeds; the same flow with samples that
// are too narrow should.
//   npm run quality -- calibration [NAME]… [--steps N]
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { normal, uniform } from './known-entropy.mjs';
import { flowscope, inTemporaryFolder, mergedRows, saveResult, table } from './support.mjs';

const rows = 100_000;
const testRows = 20_000;
const seeds = 10;

/** A row of θ and of what is observed. */
const problems = {
  'linear-gaussian': ({ gaussian }) => {
    const [a, b] = [gaussian(), gaussian()];
    return [a, b, a + 0.8 * b + 0.5 * gaussian(), -0.4 * a + 1.2 * b + 0.5 * gaussian()];
  },
  'two-moons': ({ random, gaussian }) => {
    const [a, b] = [2 * random() - 1, 2 * random() - 1];
    const angle = Math.PI * (random() - 0.5);
    const radius = 0.1 + 0.01 * gaussian();
    return [
      ...[a, b],
      radius * Math.cos(angle) + 0.25 - Math.abs(a + b) / Math.SQRT2,
      radius * Math.sin(angle) + (b - a) / Math.SQRT2,
    ];
  },
};

function writeTable(file, problem, count, seed, change = (row) => row) {
  const random = uniform(seed);
  const drawn = { random, gaussian: normal(random) };
  const lines = Array.from({ length: count }, () => change(problem(drawn)).join());
  fs.writeFileSync(file, `a,b,x,y\n${lines.join('\n')}\n`);
}

/** Deviation of what truths are moved by beside those that the flow learned: more than that of the linear Gaussian's posterior. */
const spread = 0.6;

/** Truths that are spread wider than the flow learned: beside them it is overconfident. */
const widened = (seed) => {
  const gaussian = normal(uniform(seed));
  return ([a, b, x, y]) => [a + spread * gaussian(), b + spread * gaussian(), x, y];
};

async function measure(name, steps, folder) {
  const train = path.join(folder, 'train.csv');
  const test = path.join(folder, 'test.csv');
  const wide = path.join(folder, 'wide.csv');
  writeTable(train, problems[name], rows, 1);
  writeTable(test, problems[name], testRows, 2);
  writeTable(wide, problems[name], testRows, 2, widened(3));
  const config = path.join(folder, 'config.json');
  const often = { validateEvery: 500, checkpointEvery: steps, sampleEvery: steps };
  fs.writeFileSync(config, JSON.stringify({ training: { steps, batch: 512, patience: 0, ...often } }));
  const run = path.join(folder, name);
  await flowscope(
    ...['train', '--data', train, '--condition', 'x,y', '--preset', 'nsf'],
    ...['--config', config, '--output', run, '--quiet'],
  );
  const of = async (input) => {
    const found = [];
    for (let seed = 0; seed < seeds; seed++)
      found.push(
        JSON.parse(
          await flowscope(
            'calibrate',
            run,
            '--input',
            input,
            '--seed',
            String(seed),
            '--count',
            '300',
            '--json',
          ),
        ),
      );
    return found;
  };
  return { name, steps, own: summary(await of(test)), overconfident: summary(await of(wide)) };
}

/** How often each test called the flow off. */
function summary(found) {
  const times = (off) => found.filter(off).length;
  return {
    sbc: times(({ features }) => features.some(({ off }) => off)),
    coverage: times(({ coverage }) => coverage.off),
    tarp: times(({ tarp }) => tarp.off),
  };
}

export async function run(options) {
  const { values, positionals } = parseArgs({
    args: options,
    allowPositionals: true,
    options: { steps: { type: 'string', default: '6000' } },
  });
  const names = Object.keys(problems);
  const wanted = names.filter((name) => positionals.length === 0 || positionals.includes(name));
  const measured = [];
  for (const name of wanted)
    measured.push(await inTemporaryFolder((folder) => measure(name, Number(values.steps), folder)));
  const results = mergedRows('calibration.json', names, measured);
  const cells = ({ sbc, coverage, tarp }) => [sbc, coverage, tarp].map(String);
  const text = table([
    ['problem', 'samples', 'ranks off', 'coverage off', 'TARP off'],
    ...results.flatMap(({ name, own, overconfident }) => [
      [name, 'as trained', ...cells(own)],
      [name, 'too narrow', ...cells(overconfident)],
    ]),
  ]);
  console.log(text);
  saveResult('calibration.json', results);
  saveResult('calibration.md', `${text}\n`);
}
