// What a training step costs against batch size, depth and width, and from where on in proportion to the arithmetic.
import { table } from '../quality/support.mjs';
import { trainStep } from './cells.mjs';
import { backends, buildWorker, measure, titleOf } from './contenders.mjs';
import { logCharts } from './log-charts.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { milliseconds, save } from './results.mjs';

const powers = (from, to) => Array.from({ length: Math.log2(to / from) + 1 }, (_, i) => from * 2 ** i);

/** For each configuration what is changed, and how. */
const sweeps = {
  tabular: [
    { axis: 'batch', title: 'batch size', sizes: powers(8, 4096), change: (n) => ({ batch: n }) },
    { axis: 'depth', title: 'couplings', sizes: powers(1, 64), change: (n) => ({ couplings: n }) },
    { axis: 'width', title: 'hidden units', sizes: powers(8, 1024), change: (n) => ({ hidden: [n, n] }) },
  ],
  digits: [
    { axis: 'batch', title: 'batch size', sizes: powers(1, 256), change: (n) => ({ batch: n }) },
    { axis: 'depth', title: 'residual blocks', sizes: powers(1, 16), change: (n) => ({ blocks: n }) },
    { axis: 'width', title: 'base channels', sizes: powers(4, 128), change: (n) => ({ base: n }) },
  ],
};

/** Within this factor of the arithmetic's share a cost counts as in proportion. */
const tolerance = 1.5;

export async function scaling({ only, threads, quick, output }) {
  const wanted = Object.keys(sweeps).filter((config) => new RegExp(only).test(config));
  if (wanted.length === 0)
    return console.log(`No configuration of ${Object.keys(sweeps)} matches "${only}".`);
  await buildWorker();
  const place = machine(threads);
  warnIfBusy(place);
  const results = [];
  for (const config of wanted) {
    const panels = [];
    for (const sweep of sweeps[config]) panels.push(await onePanel(config, sweep, { threads, quick }));
    results.push({ config, panels });
    save(output, `scaling-${config}.svg`, logCharts(`A training step of ${config}`, panels));
  }
  save(output, 'scaling.json', { machine: place, results });
  save(output, 'scaling.md', asMarkdown(place, results));
}

async function onePanel(config, { axis, title, sizes, change }, { threads, quick }) {
  const found = new Map(backends.map((backend) => [backend, []]));
  for (const size of quick ? sizes.filter((_, i) => i % 3 === 0) : sizes) {
    // Both at one size, one after the other: what slows the machine for a while slows both.
    for (const backend of [...found.keys()]) {
      const options = trainStep(config, { warmup: 20, repeats: quick ? 10 : 40 });
      options.push('--change', JSON.stringify(change(size)));
      const line = await measure({ contender: backend, threads, options });
      const shown =
        line.unavailable ?? `${milliseconds(line.min_ms)} ms (median ${milliseconds(line.median_ms)})`;
      console.log(`${config} ${title} ${size}`.padEnd(30) + `${titleOf(backend)}  ${shown}`);
      // The products of a step, forward and backward, are in proportion to parameters times examples.
      if (line.unavailable) found.delete(backend);
      else
        found
          .get(backend)
          .push({ size, ms: line.min_ms, median: line.median_ms, work: line.params * line.batch });
    }
  }
  const series = [...found].map(([backend, points]) => ({ backend, points: withIdeal(points) }));
  return { axis, title, series };
}

/** `ideal`: what the size would take if the largest one's pace were everybody's, ms. */
function withIdeal(points) {
  const last = points.at(-1);
  return points.map((point) => ({ ...point, ideal: (last.ms * point.work) / last.work }));
}

/** The smallest size from which on every cost is in proportion to the arithmetic. */
function proportionalFrom(points) {
  const firstBeyond = points.findLastIndex(({ ms, ideal }) => ms > tolerance * ideal);
  return points[firstBeyond + 1]?.size;
}

function asMarkdown(place, results) {
  const parts = results.flatMap(({ config, panels }) =>
    panels.flatMap(({ title, series }) => {
      if (series.length === 0) return [];
      const sizes = series[0].points.map(({ size }) => size);
      const at = ({ points }, size) => points.find((point) => point.size === size);
      const rows = sizes.map((size) => [
        String(size),
        ...series.flatMap((one) => {
          const point = at(one, size);
          return point
            ? [milliseconds(point.ms), `${Math.round((100 * point.ideal) / point.ms)} %`]
            : ['–', '–'];
        }),
      ]);
      const found = series.map(({ backend, points }) => {
        const from = proportionalFrom(points);
        return `${titleOf(backend)} from ${from ?? 'none of these'} on`;
      });
      return [
        `### ${config}: ${title}`,
        table([
          [title, ...series.flatMap(({ backend }) => [`${titleOf(backend)}, ms`, 'arithmetic'])],
          ...rows,
        ]),
        `In proportion to the arithmetic (within ${tolerance}×): ${found.join('; ')}.`,
      ];
    }),
  );
  const intro =
    'The least of 40 training steps. “Arithmetic” is the share of the time that the step would take at the pace of the ' +
    'largest size of the table (parameters times examples a second); the rest is what a step costs whatever its size.';
  return `${[intro, ...parts, `${machineText(place)}.`].join('\n\n')}\n`;
}
