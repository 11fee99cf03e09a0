import path from 'node:path';
import type { Origin } from '../../checkpoint/checkpoint';
import { defined } from '../../base/defined';
import { duration } from '../../base/short-time';
import { several, UserError } from '../../base/user-error';
import { firstToLoad } from '../../engine/backends/choose';
import { threadsToUse } from '../../engine/backends/threads';
import { GpuLostError } from '../../engine/backends/webgpu';
import { goingOn, train } from '../../engine/training/train';
import type { TrainOptions } from '../../engine/training/train-options';
import { checkLaunch } from '../../engine/training/launch/launchers';
import {
  launcherNames,
  type Launch,
  type LauncherName,
  type TrainProgress,
  type TrainResult,
} from '../../protocol/engine';
import type { MetricsRow } from '../../protocol/run';
import { openBackend } from '../backend';
import { type Outcome, choiceOption, defineCommand, integerOption, textOption } from '../command';
import { fixed, pairs, rate, scientific, shownPath, weighedText } from '../format';
import { toLine } from '../json';
import { noteOrigin } from '../model';
import type { Session } from '../session';
import { trainOptions, trainRequest } from '../train-options';

export const trainCommand = defineCommand({
  name: 'train',
  summary: 'Train a RealNVP on built-in or your own data',
  about:
    'Trains a RealNVP by maximum likelihood and writes a run folder: config.json, metrics.jsonl, run.json, checkpoints/ (best, last and periodic ones) and samples/ (pictures).\n\n' +
    'By default the preset for the data is used. The config.json in the run folder shows its settings; you can edit it and pass it to --config. ' +
    'The first Ctrl-C finishes the step, saves and ends with exit code 130 (143 for SIGTERM); the second one ends at once. --resume continues exactly where a run stopped.',
  options: {
    ...trainOptions,
    launcher: choiceOption(
      launcherNames,
      'Train with PyTorch instead of the engine: torch (one process), torchrun or ray (several, which share each batch). Where several machines take part, everybody on their network can reach the training: it has to be trusted.',
    ),
    processes: integerOption('N', 'With --launcher torchrun: how many processes, on each machine.', {
      min: 1,
    }),
    nodes: integerOption(
      'M',
      'With --launcher torchrun: how many machines on a trusted network, of which this is the first.',
      { min: 1 },
    ),
    rendezvous: textOption('HOST:PORT', 'With --nodes: where the other machines find this one.'),
    workers: integerOption('N', 'With --launcher ray: how many processes.', { min: 1 }),
    address: textOption(
      'HOST:PORT',
      'With --launcher ray: the cluster that they run on, which this machine is part of. By default, this machine alone.',
    ),
    'on-lost': choiceOption(
      ['stop', 'cpu'],
      'What to do when the GPU is lost (a driver that is reset, a machine that slept) and does not come back: stop, or go on from the last checkpoint on the processor.',
      { default: 'stop' },
    ),
  },
  examples: {
    'Handwritten digits, in about a minute:': 'flowscope train --data digits --output runs/digits',
    'Two moons, for twenty seconds:': 'flowscope train --data moons --output runs/moons --max-seconds 20',
    'A table of numbers, one example per line (columns are standardized):':
      'flowscope train --data table.csv --output runs/table --seed 7',
    'Without two of its columns and without the rows that have gaps:':
      'flowscope train --data table.csv --exclude id,date --missing drop --output runs/table',
    'Continue training a flow of another library:':
      'flowscope train --from theirs.pth --data photos --output runs/theirs',
    'A flow with the conventions of nflows, which can be converted to it:':
      'flowscope train --data moons --preset nflows --output runs/moons-nflows',
    'The other columns of a table given one of them:':
      'flowscope train --data galaxies.csv --condition redshift --preset nsf --output runs/galaxies',
    'With PyTorch, in two processes that share each batch:':
      'flowscope train --data digits --output runs/digits --launcher torchrun --processes 2',
    'Against a density in place of data, which is drawn from nowhere else:':
      'flowscope train --target funnel --preset nsf --output runs/funnel',
    'Resume a run that was stopped:': 'flowscope train --output runs/digits --resume',
    'From a config, as JSON: one line per report on standard error, the result on standard output:':
      'flowscope train --config my.flow.json --output runs/mine --json 2> progress.jsonl',
  },
  async run(session, _, options): Promise<Outcome> {
    const { output } = options;
    const request = await trainRequest(options);
    const launch = launchOf(options, session.threads);
    if (request.torch && !launch)
      throw new UserError('--compile and --precision need --launcher torch, torchrun or ray.');
    const backend = await openBackend(session);
    let origin: Origin | undefined;
    let used = backend.info;
    const report = reporter(session);
    const fullRequest = { ...request, ...(launch ? { launch } : {}) };
    const trained: TrainOptions = {
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
      onProgress: (progress) => {
        used = progress.backend ?? used;
        report(progress);
      },
      log: session.log,
    };
    const result = await train(fullRequest, trained).catch(async (error: unknown) => {
      if (!(error instanceof GpuLostError) || options['on-lost'] === 'stop') throw error;
      session.progress.note(`${error.message} The processor goes on from the last checkpoint.`);
      const processor = await firstToLoad(threadsToUse(session.threads), 'the GPU was lost');
      session.onEnd(() => processor.dispose());
      return train(goingOn(request), { ...trained, backend: processor });
    });
    session.progress.end();
    if (result.status === 'failed') throw new UserError(`${result.message} The run is in ${result.run}.`);
    return {
      json: { ...result, from: origin, backend: used },
      text: ending(result, output, options.target),
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
    const measured = metrics && validation(metrics);
    if (measured) {
      const isBest = best !== undefined && best.step === step && best.step !== bestStep;
      bestStep = best?.step ?? bestStep;
      session.progress.note(
        `step ${String(step).padStart(String(totalSteps).length)}  ${training(metrics)}  ` +
          `${measured}${isBest ? '  best so far' : ''}`,
      );
    }
    const notes = [
      ...(latest ? [training(latest)].filter(Boolean) : []),
      ...(latest?.learningRate === undefined ? [] : [`lr ${scientific(latest.learningRate)}`]),
      ...(latest?.examplesPerSecond === undefined ? [] : [`${rate(latest.examplesPerSecond)} ex/s`]),
    ];
    session.progress.show({
      fraction: progress.fraction,
      label: phase === 'training' ? `step ${step}/${totalSteps}` : phase,
      note: notes.join('  '),
      etaSeconds: progress.etaSeconds,
    });
  };
}

/** The training loss, in its unit. */
const training = ({ velocityError, reverseKl, trainNats, trainBitsPerDim }: MetricsRow): string =>
  velocityError === undefined
    ? joined(
        likelihood('train', trainNats, trainBitsPerDim),
        reverseKl === undefined ? '' : `KL − log Z ${fixed(reverseKl)} nats`,
      )
    : `velocity error ${fixed(velocityError)}`;

/** What held-out data and draws say; empty where nothing was validated. */
const validation = ({ validationNats, validationBitsPerDim, ...row }: Partial<MetricsRow>): string =>
  joined(likelihood('validation', validationNats, validationBitsPerDim), weighedText(row));

const joined = (...parts: string[]): string => parts.filter(Boolean).join('  ');

function likelihood(name: string, nats: number | undefined, bits: number | undefined): string {
  if (nats === undefined) return '';
  return bits === undefined
    ? `${name} ${fixed(nats)} nats`
    : `${name} ${fixed(bits)} bits/dim (${fixed(nats, 1)} nats)`;
}

function ending(result: TrainResult, run: string, target: string | undefined): string {
  const { best, bestCheckpoint, message, step, seconds } = result;
  const reached = best && (weighedText(best) || likelihood('validation', best.nats, best.bitsPerDim));
  const rows = pairs([
    ['Run', run],
    ['Trained', `${several(step, 'step')} in ${duration(seconds)}`],
    ['Best', reached && `${reached} at step ${best.step}`],
    ['Checkpoint', bestCheckpoint && shownPath(bestCheckpoint)],
  ]);
  const name = path.basename(path.resolve(run));
  return `${message}\n${rows}

Inspect:      flowscope inspect ${run} --output ${name}.html
Sample:       flowscope sample ${run} --count 64 --output ${name}.png
Export:       flowscope export ${run} --output ${name}.onnx${
    result.status === 'stopped'
      ? `\nResume:       flowscope train --output ${run} --resume${target ? ` --target ${target}` : ''}`
      : ''
  }
`;
}

/** @throws UserError for options that do not go together */
function launchOf(
  launch: Partial<Omit<Launch, 'name' | 'threads'>> & { launcher?: LauncherName | undefined },
  threads: number | undefined,
): Launch | undefined {
  const { launcher: name, processes, nodes, rendezvous, workers, address } = launch;
  const options = defined({ processes, nodes, rendezvous, workers, address });
  checkLaunch({ ...options, ...defined({ name }) });
  return name && { name, ...options, ...defined({ threads }) };
}
