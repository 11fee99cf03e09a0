import path from 'node:path';
import { conventionsFor, conventionSets, flowKinds } from '../../config/conventions';
import { presets as allPresets } from '../../config/presets';
import { duration } from '../../base/short-time';
import { UserError, several } from '../../base/user-error';
import { comparePresets } from '../../engine/compare-presets';
import type { PresetComparison, PresetResult } from '../../protocol/compare-presets';
import { openBackend, openInferenceBackend } from '../backend';
import { chartFile } from '../chart';
import { type Outcome, defineCommand, integerOption, numberOption, textOption } from '../command';
import { comparisonPage, comparisonSvg } from '../comparison-chart';
import { count, fixed, shownPath, table } from '../format';

const usual = conventionsFor('vector', flowKinds).map(({ name }) => name);

export const comparePresetsCommand = defineCommand({
  name: 'compare-presets',
  summary: 'Train several kinds of flow for equal time and compare them',
  about:
    'Trains each preset on the same data for the same time, one after the other, in a folder of its own, and prints a table, the best first: held-out nats (bits/dim of images), steps, parameters, and milliseconds to score and to sample 1000 examples.\n\n' +
    'A short pilot of each, which is thrown away, says how many steps fit in the time, so that the learning rate falls to its end with it. None stops early. ' +
    'Ctrl-C ends the training under way, keeps what it reached and prints the table of what was trained (exit code 130).',
  options: {
    data: textOption('NAME|PATH', 'As for train: a built-in set, or anything that flowscope data reads.', {
      required: true,
    }),
    presets: textOption(
      'A,B,…',
      `Two or more of ${[...conventionSets, ...allPresets].map(({ name }) => name).join(', ')}.`,
      { default: usual.join(',') },
    ),
    'max-seconds': numberOption('S', 'Seconds of training, each; validation is not counted.', {
      above: 0,
      required: true,
    }),
    output: textOption(
      'FOLDER',
      'Folder of the runs, each in a folder of its preset’s name. It must be new or empty.',
      { required: true },
    ),
    chart: textOption('FILE', 'Also write the curves as .svg, or as .html with the table.'),
    seed: integerOption('S', 'Seed of initial weights, order and noise of each.', { min: 0 }),
  },
  examples: {
    'All kinds of flow, half a minute each:':
      'flowscope compare-presets --data checkerboard --max-seconds 30 --output runs/kinds',
    'Three of them on a table, with a chart:':
      'flowscope compare-presets --data table.csv --presets realnvp,nsf,maf --max-seconds 60 --output runs/table --chart table.svg',
  },
  async run(session, _, options): Promise<Outcome> {
    const { data, output, chart, seed } = options;
    const names = options.presets.split(',').map((name) => name.trim());
    if (names.length < 2 || names.includes(''))
      throw new UserError(`--presets ${options.presets}: expected two names or more, separated by commas.`);
    const writeChart = await chartFile(chart);
    const backend = await openBackend(session);
    const inference = await openInferenceBackend(session);
    const comparison = await comparePresets(
      { data, presets: names, output: path.resolve(output), seconds: options['max-seconds'], seed },
      {
        backend,
        inference,
        signal: session.signal,
        log: session.log,
        onProgress: (preset, { phase, step, totalSteps, fraction, etaSeconds }) => {
          const place = `${names.indexOf(preset) + 1} of ${names.length}`;
          session.progress.show({
            fraction,
            label: `${preset} (${place})`,
            note: phase === 'training' ? `step ${step}/${totalSteps}` : phase,
            etaSeconds,
          });
        },
        onResult: (result) => {
          if (!session.json) session.progress.note(inALine(result));
        },
      },
    );
    session.progress.end();
    const rows = rowsOf(comparison);
    const written = await writeChart({
      svg: () => comparisonSvg(comparison),
      page: () => comparisonPage(comparison, rows),
    });
    return {
      json: { ...comparison, backend: backend.info, chart: written },
      text: asText(comparison, rows, written),
      interrupted: session.signal.aborted,
    };
  },
});

const heldOut = ({ best }: PresetResult): string => (best ? fixed(best.bitsPerDim ?? best.nats, 3) : '–');

function inALine(result: PresetResult): string {
  const { preset, best, steps, seconds, status, message } = result;
  const unit = best?.bitsPerDim === undefined ? 'nats' : 'bits/dim';
  const reached = best ? `${heldOut(result)} ${unit}` : 'not validated';
  return `${preset}: ${reached} after ${several(steps, 'step')} in ${duration(seconds)}${status === 'failed' ? `; ${message}` : ''}`;
}

/** Head and rows. */
function rowsOf({ results, unit }: PresetComparison): string[][] {
  const cost = (value: number | undefined): string =>
    value === undefined ? '–' : fixed(value, value < 10 ? 2 : 0);
  const examples = results.find((result) => result.cost)?.cost?.examples ?? 1000;
  return [
    [
      'preset',
      `held-out ${unit}`,
      'steps',
      'seconds',
      'parameters',
      `score ${examples}, ms`,
      `sample ${examples}, ms`,
    ],
    ...results.map((result) => [
      result.preset,
      heldOut(result),
      count(result.steps),
      fixed(result.seconds, 1),
      count(result.parameters),
      cost(result.cost?.score),
      cost(result.cost?.sample),
    ]),
  ];
}

function asText(
  { results, left }: PresetComparison,
  rows: readonly string[][],
  chart: string | undefined,
): string {
  const failed = results.filter(({ status }) => status === 'failed');
  return [
    results.length > 0 ? table(rows, [1, 2, 3, 4, 5, 6]) : 'Nothing was trained.',
    ...failed.map(({ preset, message }) => `${preset}: ${message}`),
    ...(left.length > 0 ? [`Not trained: ${left.join(', ')}`] : []),
    ...(results.length > 0 ? [`Runs: ${results.map(({ run }) => shownPath(run)).join(', ')}`] : []),
    ...(chart === undefined ? [] : [`Chart: ${shownPath(chart)}`]),
  ].join('\n\n');
}
