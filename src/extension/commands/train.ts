import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { env, l10n, Uri, workspace, commands, window } from 'vscode';
import { parseTrainedConfig } from '../../config/parse';
import { saferTraining } from '../../config/safer-training';
import { lockName } from '../../config/train-lock';
import { UserError } from '../../base/user-error';
import type { TrainRequest, Place, SlurmJob } from '../../protocol/engine';
import { askCount, confirm } from '../offer';
import { rememberRunOf } from '../configs/runs-of-configs';
import { exists, readHolder, readRun, runOfCheckpoint, type RunState } from '../runs/run-files';
import type { Parts } from '../services/parts';
import type { Services } from '../services/services';
import type { TrainArguments } from '../training/train-arguments';
import { askWhatToTrain, askWhereToTrain, type Plan } from '../training/wizard';
import { problemWithRun, resolveRunFolder } from '../training/run-name';
import { tell } from './steer';
import {
  activeFile,
  activeRun,
  checkpoint,
  onDisk,
  resolveModel,
  resolveRun,
  uriOf,
} from '../targets/targets';
import { mayRun } from '../trust';
import { withCancel } from './with-document';
import { rememberRun } from '../runs/find-runs';

/** @param target answers, or the data in a menu of the Explorer */
export async function train(services: Services, target?: TrainArguments | Uri): Promise<void> {
  const { place, ...answers }: TrainArguments =
    target instanceof Uri ? { data: onDisk(target) } : (target ?? {});
  if (!(await mayRun(l10n.t('Training')))) return;
  const { output } = answers;
  const plan =
    typeof answers.data === 'string' && typeof output === 'string'
      ? await planOf({ ...answers, output })
      : typeof answers.data === 'string' && typeof answers.preset === 'string'
        ? await askWhereToTrain(answers)
        : await askWhatToTrain({
            ...(typeof answers.data === 'string' ? { data: answers.data } : {}),
            ...(typeof answers.from === 'string' ? { from: Uri.file(answers.from) } : {}),
            ...(place ? { place } : {}),
          });
  await start(services, plan, place);
}

/** From the weights of a checkpoint, from Flowscope or another library, on data that the user chooses. */
export async function continueTraining(
  parts: Parts,
  target?: unknown,
  answers?: TrainArguments,
): Promise<void> {
  if (!(await mayRun(l10n.t('Training')))) return;
  const model = await resolveModel(parts, target, { ...checkpoint, title: l10n.t('Continue Training From') });
  if (!model) return;
  const from = onDisk(model);
  // Here, since the training runs in a process that asks nothing.
  await parts.inspector.use(model, (document) => document.answer());
  await train(parts, { ...answers, from });
}

/** From the file in the argument or in the active editor. A second argument with `output` answers where to write. */
export async function trainConfig(
  services: Services,
  target?: unknown,
  answers?: TrainArguments,
): Promise<void> {
  if (!(await mayRun(l10n.t('Training')))) return;
  const config = uriOf(target) ?? activeFile();
  if (!config?.path.endsWith('.json'))
    throw new UserError(l10n.t('Open a config file first. Its name ends in .flow.json.'));
  if (config.scheme !== 'file')
    throw new UserError(l10n.t('The config is not on this machine. Save it in a folder on disk.'));
  const open = workspace.textDocuments.find((document) => document.uri.toString() === config.toString());
  const hasChanges = (): boolean => open?.isDirty === true;
  // Nothing is saved either where auto save came first.
  if (hasChanges() && !(await open?.save()) && hasChanges())
    throw new UserError(l10n.t('The config has changes that could not be saved.'));
  const { output, maxSteps, maxSeconds, seed, place }: TrainArguments = answers ?? {};
  const request = { config: config.fsPath };
  const plan =
    typeof output === 'string'
      ? await planOf({ ...request, maxSteps, maxSeconds, seed, output }, config)
      : await askWhereToTrain(request);
  await start(services, plan, place);
}

/** From the config of a run that failed, with what is safer after values that were not finite. */
export async function trainAgain(services: Services, target?: unknown): Promise<void> {
  if (!(await mayRun(l10n.t('Training')))) return;
  const model = uriOf(target);
  const run = model && (await runOfCheckpoint(model));
  if (run?.scheme !== 'file')
    throw new UserError(l10n.t('The run is not on this machine, so it cannot be trained here.'));
  const config = path.join(run.fsPath, 'config.json');
  const { training } = parseTrainedConfig(await readFile(config, 'utf8'), config);
  const safer = saferTraining(training);
  const about = l10n.t('Learning rate {0}, gradients clipped at {1}', safer.learningRate, safer.clipNorm);
  const name = path.basename(run.fsPath);
  await start(services, await askWhereToTrain({ config, training: safer }, { name, near: run, about }));
}

/** @param answer how many more steps, where a finished run need not be asked about */
export async function resumeTraining(services: Services, target?: unknown, answer?: unknown): Promise<void> {
  if (!(await mayRun(l10n.t('Training')))) return;
  const { folders } = services.trainings;
  const run = await resolveRun(services, target ?? (await activeRun()), {
    placeHolder: l10n.t('Choose the run to resume'),
    accepts: ({ uri, state }) => state === 'paused' || (!folders.has(uri.fsPath) && state !== 'running'),
  });
  if (!run) return;
  if (run.scheme !== 'file')
    throw new UserError(l10n.t('The run is not on this machine, so it cannot be trained here.'));
  const { state, step } = (await readRun(Uri.joinPath(run, 'run.json'))) ?? {};
  if (state === 'paused') return tell(services, run, { action: 'resume' });
  const resumeFile = Uri.joinPath(run, 'checkpoints', 'last.flow.safetensors');
  if (!(await exists(resumeFile))) {
    throw new UserError(
      l10n.t(
        '{0} has no checkpoints/last.flow.safetensors to resume from. Start a new training.',
        run.fsPath,
      ),
    );
  }
  const takeOver = folders.has(run.fsPath) ? false : await mayTakeOver(run, state);
  if (takeOver === undefined) return;
  const request = { output: run.fsPath, resume: true, takeOver };
  if (state !== 'finished') return start(services, { request, scope: run });
  const moreSteps = typeof answer === 'number' ? answer : await askMoreSteps(run, step ?? 0);
  if (moreSteps !== undefined) await start(services, { request: { ...request, moreSteps }, scope: run });
}

function askMoreSteps(run: Uri, done: number): Promise<number | undefined> {
  return askCount({
    title: l10n.t('Resume {0}', path.posix.basename(run.path)),
    prompt: l10n.t(
      'The run is finished after {0} steps. How many more? The schedule of the learning rate is then spread over all of them, so the rate may rise again.',
      done.toLocaleString(env.language),
    ),
    value: done || 1000,
    most: 999_999_999,
    expected: l10n.t('Expected a whole number from 1, for example 1000.'),
  });
}

/**
 * Whether the run has to be taken over from a trainer that may have ended; undefined where the user says no.
 * @throws UserError that names who trains the run
 */
async function mayTakeOver(run: Uri, state: RunState | undefined): Promise<boolean | undefined> {
  const holder = await readHolder(run);
  if (holder?.liveness === 'gone') return false;
  if (!holder) {
    if (state !== 'running') return false;
    return (await confirm(
      l10n.t(
        'Another process wrote to this run within the last two minutes. If two processes train a run, they corrupt it.',
      ),
      l10n.t('Resume Anyway'),
    ))
      ? false
      : undefined;
  }
  const { owner, age, liveness } = holder;
  const who = owner
    ? l10n.t(
        'process {0} on {1} since {2}',
        owner.pid,
        owner.host,
        new Date(owner.since).toLocaleString(env.language),
      )
    : l10n.t('a process that is not named in {0} yet', lockName);
  if (liveness === 'alive') {
    throw new UserError(
      l10n.t(
        '{0} is being trained by {1}. Two trainings would corrupt the run. Stop that one first, or choose another folder.',
        run.fsPath,
        who,
      ),
    );
  }
  const question = l10n.t(
    '{0} was being trained by {1}, which has given no sign of life for {2} minutes and cannot be checked from here. If you are sure that it has ended, take over the run.',
    run.fsPath,
    who,
    Math.round(age / 60_000),
  );
  return (await confirm(question, l10n.t('Take Over'))) ? true : undefined;
}

async function start(services: Services, plan: Plan | undefined, place?: Place): Promise<void> {
  if (!plan) return;
  if (place?.name === 'slurm') return submit(services, plan, place);
  services.trainings.start(place ? { ...plan.request, launch: place } : plan.request, plan.scope);
  const { config, output } = plan.request;
  if (config) void rememberRunOf(services.context.workspaceState, config, output);
}

/** A plan without a question left. @throws UserError for a folder that cannot hold a new run */
async function planOf(answers: TrainRequest, near?: Uri): Promise<Plan> {
  const problem = await problemWithRun(answers.output, near);
  if (problem) throw new UserError(`${answers.output}: ${problem}`);
  return { request: { ...answers, output: resolveRunFolder(answers.output, near) }, scope: near };
}

/** Prepares a run on this machine, which can take a while, and has Slurm train it. */
async function submit(services: Services, { request, scope }: Plan, job: SlurmJob): Promise<void> {
  const name = path.basename(request.output);
  const engine = services.startEngine(`submit ${name}`, {}, scope);
  const token = randomUUID();
  try {
    const submitted = await withCancel(
      l10n.t('Preparing {0} for Slurm', name),
      () => engine.api.cancel(token).catch(() => undefined),
      () => engine.api.submit(request, job, token),
    );
    await rememberRun(services.context.workspaceState, submitted.run);
    await commands.executeCommand('flowscope.refreshRuns');
    void window.showInformationMessage(l10n.t('Job {0} of Slurm trains {1}.', submitted.job, name));
  } finally {
    await engine.stop();
  }
}
