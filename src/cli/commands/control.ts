import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestControl } from '../../checkpoint/control';
import { readStatus, runPaths } from '../../checkpoint/run-folder';
import type { ControlRequest } from '../../config/control';
import { UserError } from '../../config/user-error';
import { CancelledError } from '../../protocol/wire';
import type { ControlAnswer } from '../../protocol/run';
import { defineCommand, type Outcome } from '../command';
import { count } from '../format';

/** The loop looks for requests between steps, a few times a second; a step of a large flow takes some seconds. */
const patience = { default: 30, most: 86_400 };
const lookEvery = 100;

const actions = ['pause', 'resume', 'stop'] as const;

export const controlCommand = defineCommand({
  name: 'control',
  summary: 'Pause, go on with or stop a running training, or give it another learning rate',
  argument: {
    name: 'RUN',
    help: 'The folder of a run that some process trains, here or on another machine.',
  },
  about:
    'Leaves the request in control.json of the run folder, where the training looks for it between steps, and waits for its answer. A pause saves first, and holds until it is told to go on or to stop. A new learning rate is the one of the next step; the schedule then goes on in proportion. Exit code 1 when nobody answers in time: the request stays there for when somebody looks.',
  options: {
    pause: { type: 'flag', help: 'Save, then wait.' },
    resume: { type: 'flag', help: 'Go on after a pause.' },
    stop: { type: 'flag', help: 'Save and end.' },
    'learning-rate': { type: 'number', value: 'RATE', above: 0, help: 'The rate of the next step.' },
    wait: {
      type: 'number',
      value: 'SECONDS',
      min: 0,
      default: patience.default,
      help: `How long to wait for the answer; 0 does not wait. ${patience.most} at most.`,
    },
  },
  examples: [
    { command: 'flowscope control runs/digits --pause', says: 'Hold a training:' },
    { command: 'flowscope control runs/digits --resume --learning-rate 3e-4', says: 'Go on more slowly:' },
  ],
  async run(session, folder, options): Promise<Outcome> {
    const asked = actions.filter((name) => options[name]);
    if (asked.length > 1) {
      throw new UserError(
        `${asked.map((name) => `--${name}`).join(' and ')} were given; one of them is expected.`,
      );
    }
    if (options.wait > patience.most) {
      throw new UserError(`--wait is ${options.wait}; expected at most ${patience.most} seconds.`);
    }
    const rate = options['learning-rate'];
    if (asked.length === 0 && rate === undefined) {
      throw new UserError(
        'Nothing was asked for; expected --pause, --resume, --stop or --learning-rate RATE.',
      );
    }
    const request: ControlRequest = {
      ...(asked[0] ? { action: asked[0] } : {}),
      ...(rate === undefined ? {} : { learningRate: rate }),
    };
    const run = path.resolve(folder);
    const { id } = await requestControl(run, request);
    if (options.wait === 0)
      return { json: { run, id, request }, text: 'The request was left in the run folder.' };
    session.progress.note('waiting for the training to answer');
    const answer = await answerTo(run, id, options.wait, session.signal);
    if (answer.problem) throw new UserError(`The training did not do it: ${answer.problem}`);
    return {
      json: { run, id, request, step: answer.step },
      text: `${said(request)} Heard after step ${count(answer.step)}.`,
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
        `${run}: nobody has answered within ${seconds} s. Its last sign of life is of ${status?.updated ?? 'no known time'}; ` +
          'if its process has ended, flowscope train --resume goes on with it.',
      );
    }
    await sleep(lookEvery);
  }
}

function said({ action, learningRate }: ControlRequest): string {
  const words = { pause: 'Paused.', resume: 'Goes on.', stop: 'Stops.' };
  return [
    ...(action ? [words[action]] : []),
    ...(learningRate === undefined ? [] : [`Learning rate ${learningRate}.`]),
  ].join(' ');
}
