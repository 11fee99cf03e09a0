// Memory of training: the peak of each configuration beside PyTorch's, and whether it grows over 10,000 steps.
import { table } from '../quality/support.mjs';
import { matching, peersOf, trainStep } from './cells.mjs';
import { backends, buildWorker, findPeer, isPeer, measure, titleOf, waysOf } from './contenders.mjs';
import { lineChart } from '../quality/line-chart.mjs';
import { machine, machineText } from './machine.mjs';
import { save } from './results.mjs';
import { median } from './summary.mjs';

/** What is allocated once, buffers of the libraries and the heap of JavaScript, is there by then. */
const settledShare = 0.2;

export async function memory({ only, threads, quick, output }) {
  const wanted = matching(only);
  if (wanted.length === 0) return;
  const peer = await findPeer();
  await buildWorker();
  const place = machine(threads);
  const peaks = [];
  for (const config of wanted) {
    const row = { config };
    const [eager] = waysOf(peersOf(config)[0]);
    for (const contender of [...backends, eager]) {
      const options = trainStep(config, { warmup: 2, repeats: 3 });
      const line = await measure({ contender, threads, peer, options });
      row[isPeer(contender) ? 'peer' : contender] = line;
      console.log(`${config.padEnd(17)}${titleOf(contender)}  ${peak(line)} MB`);
    }
    peaks.push(row);
  }
  const steps = quick ? 1000 : 10_000;
  const long = wanted.includes('moons') ? await longRuns(steps, threads) : [];
  save(output, 'memory.json', { machine: place, peaks, long });
  save(output, 'memory.md', asMarkdown(place, peaks, long, steps));
  const drawn = long.filter(({ unavailable }) => !unavailable);
  if (drawn.length > 0) save(output, 'memory.svg', longChart(drawn, steps));
}

async function longRuns(steps, threads) {
  const results = [];
  for (const contender of backends) {
    for (const collected of [true, false]) {
      const options = trainStep('moons', { warmup: 1, repeats: steps });
      options.push('--memory-every', String(steps / 100));
      const node = collected ? ['--expose-gc'] : [];
      const line = await measure({ contender, threads, options, node });
      if (line.unavailable) {
        results.push({ contender, ...line });
        console.log(`${steps} steps  ${titleOf(contender)}  not available: ${line.unavailable}`);
        break;
      }
      const result = { contender, collected, memory: line.memory_mb, ...trend(line.memory_mb, steps) };
      results.push(result);
      console.log(`${steps} steps  ${nameOf(result)}: ${growth(result)}`);
    }
  }
  return results;
}

const nameOf = ({ contender, collected }) =>
  `${titleOf(contender)}${collected ? '' : ', garbage left to Node'}`;

/**
 * Least squares through [step, MB] once memory has settled, as MB over 1,000 steps; and the middle of the last fifth
 * less that of the first fifth of it.
 */
function trend(samples, steps) {
  const settled = samples.filter(([step]) => step >= settledShare * steps);
  const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const atStep = mean(settled.map(([step]) => step));
  const atMb = mean(settled.map(([, mb]) => mb));
  const above = settled.reduce((sum, [step, mb]) => sum + (step - atStep) * (mb - atMb), 0);
  const below = settled.reduce((sum, [step]) => sum + (step - atStep) ** 2, 0);
  const fifth = Math.max(1, Math.floor(settled.length / 5));
  const middle = (part) => median(part.map(([, mb]) => mb));
  return {
    slopePer1000: (1000 * above) / below,
    rise: middle(settled.slice(-fifth)) - middle(settled.slice(0, fifth)),
  };
}

const peak = ({ peak_rss_mb, unavailable }) => (unavailable ? '–' : peak_rss_mb.toLocaleString('en'));
const signed = (value, digits) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
const growth = ({ slopePer1000, rise }) =>
  `${signed(slopePer1000, 2)} MB over 1,000 steps, ${signed(rise, 1)} MB from the first to the last fifth`;

function asMarkdown(place, peaks, long, steps) {
  const ratio = (ours, theirs) =>
    ours.unavailable || theirs.unavailable ? '–' : (ours.peak_rss_mb / theirs.peak_rss_mb).toFixed(2);
  return `${[
    'Peak resident memory of a process that trains five steps, MB, its libraries included.',
    table([
      ['config', 'peer', 'TensorFlow', 'ratio', 'ONNX Runtime', 'ratio'],
      ...peaks.map((row) => [
        row.config,
        peak(row.peer),
        ...backends.flatMap((backend) => [peak(row[backend]), ratio(row[backend], row.peer)]),
      ]),
    ]),
    ...(long.length > 0
      ? [
          `Resident memory over ${steps.toLocaleString('en')} training steps of moons, after the first fifth of them:`,
          long.map((row) => `- ${titleOf(row.contender)}: ${row.unavailable ?? growth(row)}.`).join('\n'),
        ]
      : []),
    `${machineText(place)}.`,
  ].join('\n\n')}\n`;
}

function longChart(long, steps) {
  return lineChart({
    title: `Resident memory over ${steps.toLocaleString('en')} training steps of moons`,
    x: 'step',
    y: 'MB',
    xMax: steps,
    series: long.map((row) => ({ name: nameOf(row), points: row.memory, dashed: !row.collected })),
  });
}
