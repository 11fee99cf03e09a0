import path from 'node:path';
import type { Origin } from '../../checkpoint/checkpoint';
import { isRunFolder } from '../../checkpoint/run-folder';
import { refuseTrained } from '../../checkpoint/run-lock';
import { conventionSets } from '../../config/conventions';
import { presets } from '../../config/presets';
import { exists } from '../../base/exists';
import { UserError } from '../../base/user-error';
import { builtinNames } from '../../data/open';
import { train } from '../../engine/training/train';
import { checkLaunch } from '../../engine/training/launch/launchers';
import { launcherNames, type Launch } from '../../protocol/launch';
import type { TrainProgress, TrainRequest, TrainResult } from '../../protocol/engine';
import { openBackend } from '../backend';
import { defineCommand, type Outcome } from '../command';
import { duration, fixed, pairs, rate, scientific, shownPath } from '../format';
import { toLine } from '../json';
import { columnList, columnName } from '../lists';
import { noteOrigin } from '../model';
import type { Session } from '../session';
import { readingOptions, readingRequest } from '../reading-options';

export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Train a RealNVP on built-in or your own data',
  about:
    'Trains a RealNVP by maximum likelihood and writes a run folder: config.json, metrics.jsonl, run.json, checkpoints/ (best, last and periodic ones) and samples/ (pictures).\n\n' +
    'By default the preset for the data is used. The config.json in the run folder shows its settings; you can edit it and pass it to --config. ' +
    'The first Ctrl-C finishes the step, saves and ends with exit code 130 (143 for SIGTERM); the second one ends at once. --resume continues exactly where a run stopped.',
  options: {
    data: {
      type: 'text',
      value: 'NAME|PATH',
      help: `Built-in: ${builtinNames.join(', ')}. Or anything that flowscope data reads: a table, NumPy arrays, IDX or CIFAR files, a folder or zip file of images.`,
    },
    output: {
      type: 'text',
      value: 'RUN',
      required: true,
      help: 'Folder of the run. It must be new or empty, except with --resume.',
    },
    condition: {
      type: 'text',
      value: 'A,B|FILE',
      help: 'Train a conditional flow: columns of the table that it is given, by name or number, or other data with a row for each example (.npy, .csv).',
    },
    'condition-labels': {
      type: 'flag',
      help: 'Train a conditional flow that is given the class of each example.',
    },
    ...readingOptions,
    preset: {
      type: 'text',
      value: 'NAME',
      help:
        `A starting point for model and training: ${presets.map(({ name }) => name).join(', ')}. ` +
        `Or another flow or the conventions of a published implementation, on top of the preset for the data: ${conventionSets.map(({ name }) => name).join(', ')}.`,
    },
    from: {
      type: 'text',
      value: 'FILE',
      help: 'Start from the model and weights of this checkpoint, from Flowscope or another library. Without --data, its own data are used if it names them.',
    },
    config: {
      type: 'text',
      value: 'FILE',
      help: 'JSON config. Missing settings come from --preset, or else from the defaults; sizes come from the data.',
    },
    'max-seconds': {
      type: 'number',
      value: 'S',
      above: 0,
      help: 'Stop after this many seconds of training.',
    },
    'max-steps': { type: 'integer', value: 'N', min: 1, help: 'Stop after this many steps.' },
    seed: { type: 'integer', value: 'S', min: 0, help: 'Seed of initial weights, order, noise and flips.' },
    resume: { type: 'flag', help: 'Resume the run in --output.' },
    'more-steps': {
      type: 'integer',
      value: 'N',
      min: 1,
      help: 'With --resume: end N steps after the one that the run has reached, also if it is finished.',
    },
    launcher: {
      type: 'text',
      value: 'NAME',
      help: 'Train with PyTorch instead of the engine: torch (one process) or torchrun (several, which share each batch).',
    },
    processes: {
      type: 'integer',
      value: 'N',
      min: 1,
      help: 'With --launcher torchrun: how many processes, on each machine.',
    },
    nodes: {
      type: 'integer',
      value: 'M',
      min: 1,
      help: 'With --launcher torchrun: how many machines, of which this is the first.',
    },
    rendezvous: {
      type: 'text',
      value: 'HOST:PORT',
      help: 'With --nodes: where the other machines find this one.',
    },
    'take-over': {
      type: 'flag',
      help: 'With --resume: take over a run of another machine that has given no sign of life for two minutes.',
    },
  },
  examples: [
    {
      command: 'flowscope train --data digits --output runs/digits',
      says: 'Handwritten digits, in about a minute:',
    },
    {
      command: 'flowscope train --data moons --output runs/moons --max-seconds 20',
      says: 'Two moons, for twenty seconds:',
    },
    {
      command: 'flowscope train --data table.csv --output runs/table --seed 7',
      says: 'A table of numbers, one example per line (columns are standardized):',
    },
    {
      command: 'flowscope train --data table.csv --exclude id,date --missing drop --output runs/table',
      says: 'Without two of its columns and without the rows that have gaps:',
    },
    {
      command: 'flowscope train --from theirs.pth --data photos --output runs/theirs',
      says: 'Continue training a flow of another library:',
    },
    {
      command: 'flowscope train --data moons --preset nflows --output runs/moons-nflows',
      says: 'A flow with the conventions of nflows, which can be converted to it:',
    },
    {
      command: 'flowscope train --data galaxies.csv --condition redshift --preset nsf --output runs/galaxies',
      says: 'The other columns of a table given one of them:',
    },
    {
      command: 'flowscope train --data digits --output runs/digits --launcher torchrun --processes 2',
      says: 'With PyTorch, in two processes that share each batch:',
    },
    { command: 'flowscope train --output runs/digits --resume', says: 'Resume a run that was stopped:' },
    {
      command: 'flowscope train --config my.flow.json --output runs/mine --json 2> progress.jsonl',
      says: 'From a config, as JSON: one line per report on standard error, the result on standard output:',
    },
  ],
  async run(session, _, options): Promise<Outcome> {
    const { data, output, preset, config, from, resume, seed } = options;
    if (!resume && data === undefined && config === undefined && preset === undefined && !from) {
      throw new UserError(
        `train needs --data NAME or PATH (built in: ${builtinNames.join(', ')}), --preset, --config FILE, or --from FILE.`,
      );
    }
    const context = await contextOf(options.condition, options['condition-labels'], options['label-column']);
    const reading = readingRequest(options);
    if (resume && [data, context, reading, preset, config, from, seed].some((value) => value !== undefined)) {
      throw new UserError(
        '--resume uses the data, preset, config, weights and seed of the run. Leave these options out, or choose another --output for a new run.',
      );
    }
    const takeOver = options['take-over'];
    if (takeOver && !resume) throw new UserError('--take-over can only be used with --resume.');
    const moreSteps = options['more-steps'];
    if (moreSteps !== undefined && !resume)
      throw new UserError('--more-steps can only be used with --resume.');
    const launch = launchOf(options, session.threads);
    // Also looked at when the run is taken; here it costs no waiting for the backend.
    await refuseTrained(output, takeOver);
    if (!resume && (await isRunFolder(path.resolve(output)))) {
      throw new UserError(
        `--output ${output}: already holds a run. Resume it with --resume, or choose another folder.`,
      );
    }
    const backend = await openBackend(session);
    let origin: Origin | undefined;
    const result = await train(
      {
        output: path.resolve(output),
        ...(data === undefined ? {} : { data }),
        ...(context ? { context } : {}),
        ...(reading ? { reading } : {}),
        ...(preset === undefined ? {} : { preset }),
        ...(config === undefined ? {} : { config }),
        ...(from === undefined ? {} : { from: path.resolve(from) }),
        ...(resume ? { resume, takeOver, ...(moreSteps === undefined ? {} : { moreSteps }) } : {}),
        ...(seed === undefined ? {} : { seed }),
        ...(launch ? { launch } : {}),
        ...(options['max-steps'] === undefined ? {} : { maxSteps: options['max-steps'] }),
        ...(options['max-seconds'] === undefined ? {} : { maxSeconds: options['max-seconds'] }),
      },
      {
        backend,
        signal: session.signal,
        onOrigin: (found) => {
          origin = found;
          // With --json there are lines of JSON only.
          if (!session.json) noteOrigin(session, found);
        },
        onNote: (text) => {
          if (!session.json) session.progress.note(text);
        },
        onProgress: reporter(session),
        log: session.log,
      },
    );
    session.progress.end();
    if (result.status === 'failed') throw new UserError(`${result.message} The run is in ${result.run}.`);
    return {
      json: { ...result, ...(origin ? { from: origin } : {}), backend: backend.info },
      text: ending(result, output),
      interrupted: result.status === 'stopped' && session.signal.aborted,
    };
  },
});

/** With --json every report is a line of JSON; a person sees a bar, and a line for each validation. */
function reporter(session: Session): (progress: TrainProgress) => void {
  let described = false;
  let bestStep = -1;
  let latest: TrainProgress['metrics'];
  return (progress) => {
    if (session.quiet) return;
    if (session.json) {
      session.terminal.err(`${toLine(progress)}\n`);
      return;
    }
    const { backend, phase, step, totalSteps, metrics, best } = progress;
    if (!described && backend && phase !== 'preparing') {
      described = true;
      session.progress.note(
        `Computing with ${backend.library}, ${backend.threads} threads (${backend.reason}).`,
      );
    }
    if (metrics) latest = { ...latest, ...metrics };
    if (metrics?.validationNats !== undefined) {
      const isBest = best !== undefined && best.step === step && best.step !== bestStep;
      bestStep = best?.step ?? bestStep;
      session.progress.note(
        `step ${String(step).padStart(String(totalSteps).length)}  ${likelihood('train', metrics.trainNats, metrics.trainBitsPerDim)}  ` +
          `${likelihood('validation', metrics.validationNats, metrics.validationBitsPerDim)}${isBest ? '  best so far' : ''}`,
      );
    }
    const notes = [
      ...(latest?.trainNats === undefined
        ? []
        : [
            latest.trainBitsPerDim === undefined
              ? `${fixed(latest.trainNats)} nats`
              : `${fixed(latest.trainBitsPerDim)} bits/dim`,
          ]),
      ...(latest?.learningRate === undefined ? [] : [`lr ${scientific(latest.learningRate)}`]),
      ...(latest?.examplesPerSecond === undefined ? [] : [`${rate(latest.examplesPerSecond)} ex/s`]),
    ];
    session.progress.show({
      fraction: progress.fraction,
      label: phase === 'training' ? `step ${step}/${totalSteps}` : phase,
      note: notes.join('  '),
      ...(progress.etaSeconds === undefined ? {} : { etaSeconds: progress.etaSeconds }),
    });
  };
}

function likelihood(name: string, nats: number | undefined, bits: number | undefined): string {
  if (nats === undefined) return '';
  return bits === undefined
    ? `${name} ${fixed(nats)} nats`
    : `${name} ${fixed(bits)} bits/dim (${fixed(nats, 1)} nats)`;
}

function ending(result: TrainResult, run: string): string {
  const { best, message, step, seconds } = result;
  const rows: [string, string][] = [
    ['Run', run],
    ['Trained', `${step} ${step === 1 ? 'step' : 'steps'} in ${duration(seconds)}`],
    ...(best
      ? [
          ['Best', `${likelihood('validation', best.nats, best.bitsPerDim)} at step ${best.step}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(result.bestCheckpoint ? [['Checkpoint', shownPath(result.bestCheckpoint)] as [string, string]] : []),
  ];
  const name = path.basename(path.resolve(run));
  return `${message}\n${pairs(rows)}

Inspect:      flowscope inspect ${run} --output ${name}.html
Sample:       flowscope sample ${run} --count 64 --output ${name}.png
Export:       flowscope export ${run} --output ${name}.onnx${
    result.status === 'stopped' ? `\nResume:       flowscope train --output ${run} --resume` : ''
  }
`;
}

/** @throws UserError for a launcher that there is not */
function launchOf(
  given: Partial<Record<'launcher' | 'rendezvous', string> & Record<'processes' | 'nodes', number>>,
  threads: number | undefined,
): TrainRequest['launch'] {
  const { launcher, processes, nodes, rendezvous } = given;
  const name = launcherNames.find((known) => known === launcher);
  if (launcher !== undefined && !name)
    throw new UserError(`--launcher ${launcher}: expected ${launcherNames.join(' or ')}.`);
  if (!name) {
    if ([processes, nodes, rendezvous].every((value) => value === undefined)) return undefined;
    throw new UserError('--processes, --nodes and --rendezvous need --launcher torchrun.');
  }
  const launch: Launch = {
    name,
    ...(processes === undefined ? {} : { processes }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(rendezvous === undefined ? {} : { rendezvous }),
    ...(threads === undefined ? {} : { threads }),
  };
  checkLaunch(launch);
  return launch;
}

/** What --condition names: a file that there is, or columns. */
async function contextOf(
  condition: string | undefined,
  labels: boolean | undefined,
  labelColumn: string | undefined,
): Promise<TrainRequest['context']> {
  if (condition === undefined && !labels && labelColumn === undefined) return undefined;
  const named =
    condition === undefined
      ? {}
      : (await exists(path.resolve(condition)))
        ? { source: condition }
        : { columns: columnList(condition) };
  return {
    ...named,
    ...(labels ? { labels } : {}),
    ...(labelColumn === undefined ? {} : { labelColumn: columnName(labelColumn) }),
  };
}
