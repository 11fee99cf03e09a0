// A run of an hour or more on MNIST: its curve, continued by the power law that fits it, and what keeps it from going on.
//
//   npm run quality -- long --data FOLDER [--steps N]   (with train-images-idx3-ubyte and t10k-images-idx3-ubyte)
//   npm run quality -- long --run RUN                   (of a run that is there already)
//
// Bits/dim are of the 1,024 values of a padded image; those of the literature are of the 784 pixels, without the border.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { lineChart } from './line-chart.mjs';
import { flowscope, inTemporaryFolder, npyBytes, readMetrics, saveResult, table } from './support.mjs';

const padded = 1024;
const pixels = 784;
/** Real NVP in Table 2 of Grathwohl et al. 2019. */
const published = 1.06;
/**
 * Bits that a value costs which is always the same: what a Gaussian of the best width loses against the uniform noise
 * that dequantizes it, ½ log₂(2πe / 12). An affine map of such a value cannot do better.
 */
const constantValue = 0.5 * Math.log2((2 * Math.PI * Math.E) / 12);

/** Of the 28×28 pixels alone, where each value of the border costs what a constant costs. */
const withoutBorder = (bits) => (bits * padded - (padded - pixels) * constantValue) / pixels;
const withBorder = (bits) => (bits * pixels + (padded - pixels) * constantValue) / padded;

/** Least squares of limit + factor · step^(−power) in the logarithm of what is above the limit. */
function fitPowerLaw(points) {
  const lowest = Math.min(...points.map(([, bits]) => bits));
  let best;
  for (let limit = 0.5; limit < lowest - 1e-3; limit += 0.001) {
    const xs = points.map(([step]) => Math.log(step));
    const ys = points.map(([, bits]) => Math.log(bits - limit));
    const meanX = xs.reduce((a, b) => a + b) / xs.length;
    const meanY = ys.reduce((a, b) => a + b) / ys.length;
    const slope =
      xs.reduce((sum, x, i) => sum + (x - meanX) * (ys[i] - meanY), 0) /
      xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
    const at = (step) => limit + Math.exp(meanY + slope * (Math.log(step) - meanX));
    const error = points.reduce((sum, [step, bits]) => sum + (at(step) - bits) ** 2, 0);
    if (!best || error < best.error) best = { error, limit, power: -slope, at };
  }
  return { ...best, deviation: Math.sqrt(best.error / points.length) };
}

/** Validations that a point of the fit is the median of: single ones leap where running statistics lag behind. */
const together = 5;

function medians(points) {
  const groups = Array.from({ length: Math.floor(points.length / together) }, (_, i) =>
    points.slice(i * together, (i + 1) * together),
  );
  return groups.map((group) => {
    const bits = group.map(([, value]) => value).sort((a, b) => a - b);
    return [group[together >> 1][0], bits[together >> 1]];
  });
}

/** What a flow learns on images of nothing but zeros: the cost of a constant, reached by training. */
async function constantImages() {
  return inTemporaryFolder(async (folder) => {
    const source = path.join(folder, 'zeros.npy');
    fs.writeFileSync(source, npyBytes(new Uint8Array(2000 * 64), [2000, 8, 8, 1]));
    const config = path.join(folder, 'zeros.json');
    const training = { steps: 400, schedule: 'cosine', validateEvery: 100, patience: 0 };
    fs.writeFileSync(
      config,
      JSON.stringify({
        data: { source },
        model: { kind: 'image', scales: 2, base: 16, blocks: 1 },
        training,
      }),
    );
    const run = path.join(folder, 'run');
    await flowscope('train', '--config', config, '--output', run, '--quiet');
    return Math.min(...validations(run).map(({ bits }) => bits));
  });
}

const validations = (run) =>
  readMetrics(run)
    .filter((row) => row.validationBitsPerDim !== undefined)
    .map(({ step, seconds, validationBitsPerDim: bits, trainBitsPerDim }) => ({
      step,
      seconds,
      bits,
      trainBits: trainBitsPerDim,
    }));

async function train(data, steps, folder) {
  const config = path.join(folder, 'long.json');
  const training = { steps, schedule: 'cosine', validateEvery: 100, patience: 0 };
  fs.writeFileSync(
    config,
    JSON.stringify({ data: { source: path.resolve(data), validation: 2000 }, training }),
  );
  const run = path.join(folder, 'run');
  await flowscope('train', '--preset', 'mnist', '--config', config, '--output', run, '--quiet');
  return validations(run);
}

export async function run(options) {
  const { values } = parseArgs({
    args: options,
    options: {
      data: { type: 'string' },
      steps: { type: 'string', default: '18000' },
      run: { type: 'string' },
    },
  });
  if (!values.data && !values.run) throw new Error('long needs --data FOLDER or --run RUN');
  const rows = values.run
    ? validations(values.run)
    : await inTemporaryFolder((folder) => train(values.data, Number(values.steps), folder));
  const zeros = await constantImages();
  const settled = rows.filter(({ step }) => step >= 500);
  const points = medians(settled.map(({ step, bits }) => [step, bits]));
  const leaps = settled.filter(({ bits, trainBits }) => bits > trainBits + 0.1);
  const fit = fitPowerLaw(points);
  // How far the law can be trusted: the last third, from what went before.
  const early = points.slice(0, Math.round((2 * points.length) / 3));
  const { step: lastStep, bits: last } = rows.at(-1);
  const foretold = fitPowerLaw(early).at(lastStep);
  const best = Math.min(...rows.map(({ bits }) => bits));
  const ahead = [2, 4, 10, 100].map((times) => [times, times * lastStep, fit.at(times * lastStep)]);
  const text = [
    table([
      ['step', 'minutes', 'train, bits/dim', 'validation, bits/dim', 'of the 784 pixels'],
      ...rows
        .filter(({ step }, i) => i === rows.length - 1 || [100, 200, 500].includes(step) || step % 1000 === 0)
        .map(({ step, seconds, bits, trainBits }) => [
          step.toLocaleString('en'),
          (seconds / 60).toFixed(1),
          trainBits.toFixed(3),
          bits.toFixed(3),
          withoutBorder(bits).toFixed(3),
        ]),
    ]),
    table([
      ['steps', 'extrapolated, bits/dim', 'of the 784 pixels'],
      ...ahead.map(([times, step, bits]) => [
        `${step.toLocaleString('en')} (×${times})`,
        bits.toFixed(3),
        withoutBorder(bits).toFixed(3),
      ]),
    ]),
    [
      `Validation is more than 0.1 above training at ${leaps.length} of ${settled.length} points from step 500 on: ${leaps.map(({ step, bits }) => `${bits.toFixed(2)} at ${step.toLocaleString('en')}`).join(', ')}.`,
      `Power law through the medians of ${together} validations: ${fit.limit.toFixed(3)} + a·step^−${fit.power.toFixed(2)}, off by ${fit.deviation.toFixed(4)} in the mean.`,
      `From the first two thirds alone it foretells ${foretold.toFixed(3)} for the end; ${last.toFixed(3)} came.`,
      `Published: ${published} of 784 pixels, ${withBorder(published).toFixed(3)} of 1,024 values with the border.`,
      `A constant value costs ${constantValue.toFixed(4)} bits; a flow on images of zeros alone reaches ${zeros.toFixed(4)}.`,
    ].join('\n'),
  ].join('\n\n');
  console.log(text);
  saveResult('long-mnist.json', {
    rows,
    best,
    fit: { limit: fit.limit, power: fit.power, deviation: fit.deviation },
    foretold,
    last,
    ahead,
    zeros,
  });
  saveResult('long-mnist.md', `${text}\n`);
  const lawSteps = Array.from({ length: 60 }, (_, i) => 500 * (10 * (lastStep / 500)) ** (i / 59));
  saveResult(
    'long-mnist.svg',
    lineChart({
      title: 'MNIST, a long run: validation bits/dim of 1,024 values',
      x: 'steps (logarithmic)',
      y: 'bits/dim',
      yMax: 1.6,
      logX: true,
      series: [
        { name: 'measured', points: rows.filter(({ bits }) => bits <= 1.6).map((r) => [r.step, r.bits]) },
        {
          name: 'power law through medians of five',
          points: lawSteps.map((step) => [step, fit.at(step)]),
          dashed: true,
        },
        {
          name: 'published 1.06, with the border',
          points: [
            [rows.find(({ bits }) => bits <= 1.6).step, withBorder(published)],
            [lawSteps.at(-1), withBorder(published)],
          ],
          dashed: true,
        },
      ],
    }),
  );
}
