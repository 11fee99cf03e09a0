import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestControl } from '../../checkpoint/control';
import { readStatus, runPaths } from '../../checkpoint/run-folder';
import type { ControlRequest } from '../../config/control';
import { defined } from '../../base/defined';
import { UserError } from '../../base/user-error';
import { CancelledError } from '../../protocol/wire';
import type { ControlAnswer } from '../../protocol/run';
import { type Outcome, defineCommand, flagOption, numberOption } from '../command';
import { count } from '../format';

/** The loop looks for requests between steps, a few times a second; a step of a large flow takes some seconds. */
const patience = { default: 30, most: 86_400 };
const lookEvery = 100;

const actions = ['pause', 'resume', 'stop'] as const;

export const controlCommand = defineCommand({
  name: 'control',
  summary: 'Pause, resume or stop a running training, or change its learning rate',
  argument: { name: 'RUN', help: 'The folder of a run that is being trained, on this or another machine.' },
  about:
    'Writes the request to control.json in the run folder, which the training reads between steps, and waits for the answer. A pause saves first and lasts until --resume or --stop. A new learning rate applies to the next step, and the schedule continues in proportion. Exit code 1 if there is no answer in time; the request stays in the folder.',
  options: {
    pause: flagOption('Save, then wait.'),
    resume: flagOption('Continue after a pause.'),
    stop: flagOption('Save and end.'),
    'learning-rate': numberOption('RATE', 'The rate of the next step.', { above: 0 }),
    wait: numberOption(
      'SECONDS',
      `How long to wait for the answer, at most ${patience.most}; 0 does not wait.`,
      { min: 0, default: patience.default },
    ),
  },
  examples: {
    'Pause a training:': 'flowscope control runs/digits --pause',
    'Continue with a smaller learning rate:': 'flowscope control runs/digits --resume --learning-rate 3e-4',
  },
  async run(session, folder, options): Promise<Outcome> {
    const chosen = actions.filter((name) => options[name]);
    if (chosen.length > 1)
      throw new UserError(`${chosen.map((name) => `--${name}`).join(' and ')}: expected only one of them.`);
    if (options.wait > patience.most)
      throw new UserError(`--wait is ${options.wait}; expected at most ${patience.most} seconds.`);
    const rate = options['learning-rate'];
    if (chosen.length === 0 && rate === undefined)
      throw new UserError('Expected --pause, --resume, --stop or --learning-rate RATE.');
    const request: ControlRequest = defined({ action: chosen[0], learningRate: rate });
    const run = path.resolve(folder);
    const { id } = await requestControl(run, request);
    if (options.wait === 0)
      return { json: { run, id, request }, text: 'The request was written to the run folder.' };
    session.progress.note('waiting for the training to answer');
    const answer = await answerTo(run, id, options.wait, session.signal);
    if (answer.problem) throw new UserError(`The training refused the request: ${answer.problem}`);
    return {
      json: { run, id, request, step: answer.step },
      text: `${answerText(request)} Received after step ${count(answer.step)}.`,
    };
  },
});

/** @throws UserError when there is none in time, CancelledError */
async function answerTo(
  run: string,
  id: string,
  seconds: number,
  signal: AbortSignal,
): Promise<ControlAnswer> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const status = await readStatus(runPaths(run));
    if (status?.control?.id === id) return status.control;
    if (signal.aborted) throw new CancelledError();
    if (performance.now() > end) {
      throw new UserError(
        `${run}: no answer within ${seconds} s. The training last wrote to the run at ${status?.updated ?? 'an unknown time'}. ` +
          'If its process has ended, resume the run with flowscope train --resume.',
      );
    }
    await sleep(lookEvery);
  }
}

function answerText({ action, learningRate }: ControlRequest): string {
  const words = { pause: 'Paused.', resume: 'Resumed.', stop: 'Stopping.' };
  return [
    ...(action ? [words[action]] : []),
    ...(learningRate === undefined ? [] : [`Learning rate ${learningRate}.`]),
  ].join(' ');
}
