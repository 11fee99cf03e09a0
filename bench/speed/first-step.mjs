// Time from nothing to the end of the first training step: trace, compile and run, in a fresh process each time.
import { table } from '../quality/support.mjs';
import { matching, trainStep } from './cells.mjs';
import { backends, buildWorker, measure, titleOf } from './contenders.mjs';
import { machine, machineText, warnIfBusy } from './machine.mjs';
import { save } from './results.mjs';
import { median } from './summary.mjs';

export async function firstStep({ only, threads, rounds, output }) {
  const wanted = matching(only);
  if (wanted.length === 0) return;
  await buildWorker();
  const place = machine(threads);
  warnIfBusy(place);
  const rows = [];
  for (const config of wanted) {
    for (const contender of backends) {
      const lines = [];
      for (let round = 0; round < rounds; round++) {
        const options = trainStep(config, { warmup: 1, repeats: 1 });
        const measured = await measure({ contender, threads, options });
        lines.push(measured);
        if (measured.unavailable) break;
      }
      const row = { config, contender, ...(lines[0].unavailable ? lines[0] : times(lines)) };
      rows.push(row);
      console.log(`${config.padEnd(9)}${titleOf(contender)}  ${shown(row)}`);
    }
  }
  save(output, 'first-step.json', { machine: place, rows });
  save(
    output,
    'first-step.md',
    `${table([
      ['config', 'backend', 'trace and compile, s', 'first run, s', 'together, s', 'then a step, ms'],
      ...rows.map((row) => [
        row.config,
        titleOf(row.contender),
        ...(row.unavailable
          ? ['not available', '–', '–', '–']
          : [row.compile, row.first - row.compile, row.first]
              .map((ms) => (ms / 1000).toFixed(2))
              .concat(row.then.toFixed(1))),
      ]),
    ])}\n\nMedians of ${rounds}. ${machineText(place)}.\n`,
  );
}

function times(lines) {
  const of = (key) => median(lines.map((line) => line[key]));
  return { compile: of('compile_ms'), first: of('first_ms'), then: of('median_ms') };
}

const shown = (row) =>
  row.unavailable ? `not available: ${row.unavailable}` : `${(row.first / 1000).toFixed(2)} s`;
