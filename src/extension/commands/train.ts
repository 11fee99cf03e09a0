import { Uri, window, workspace } from 'vscode';
import { UserError } from '../../config/user-error';
import type { TrainRequest } from '../../protocol/engine';
import { exists, readRun } from '../runs/run-files';
import type { Services } from '../services';
import { askWhatToTrain, askWhereToTrain, type Plan } from '../training/wizard';
import { problemWithRun, resolveRunFolder } from '../training/run-name';
import { activeFile, resolveRun, uriOf } from './targets';
import { mayRun } from './trust';

/** What other extensions, key bindings and tests may pass instead of answering the questions. */
export interface TrainArguments {
  data?: string;
  preset?: string;
  /** Relative to the workspace folder, or absolute. */
  output?: string;
  maxSteps?: number;
  maxSeconds?: number;
  seed?: number;
}

export async function train(services: Services, given?: TrainArguments): Promise<void> {
  if (!(await mayRun('Training'))) return;
  const plan = isComplete(given) ? { request: await requestOf(given) } : await askWhatToTrain();
  start(services, plan);
}

/** From the file in the argument or in the active editor. A second argument with `output` answers where to write. */
export async function trainConfig(
  services: Services,
  target?: unknown,
  given?: TrainArguments,
): Promise<void> {
  if (!(await mayRun('Training'))) return;
  const config = uriOf(target) ?? activeFile();
  if (!config?.path.endsWith('.json')) {
    throw new UserError('Open a config file (its name ends in .flow.json), then train from it.');
  }
  if (config.scheme !== 'file')
    throw new UserError('The config is not on this machine. Save it in a folder on disk.');
  const open = workspace.textDocuments.find((document) => document.uri.toString() === config.toString());
  if (open?.isDirty && !(await open.save()))
    throw new UserError('The config has changes that could not be saved.');
  const plan = typeof given?.output === 'string' ? await configPlan(config, given, given.output) : undefined;
  start(services, plan ?? (await askWhereToTrain(config)));
}

export async function resumeTraining(services: Services, target?: unknown): Promise<void> {
  if (!(await mayRun('Training'))) return;
  const { folders } = services.trainings;
  const run = await resolveRun(
    services,
    target,
    'Choose the run to go on with',
    ({ uri, state }) => !folders.has(uri.fsPath) && state !== 'running',
  );
  if (!run) return;
  if (run.scheme !== 'file')
    throw new UserError('The run is not on this machine, so it cannot be trained here.');
  const resumeFile = Uri.joinPath(run, 'checkpoints', 'last.flow.safetensors');
  if (!(await exists(resumeFile))) {
    throw new UserError(
      `${run.fsPath} has no checkpoints/last.flow.safetensors to go on from. Train it anew.`,
    );
  }
  const state = (await readRun(Uri.joinPath(run, 'run.json')))?.state;
  if (state === 'running' && !folders.has(run.fsPath)) {
    const anyway = 'Resume Anyway';
    const choice = await window.showWarningMessage(
      'Another process wrote to this run within the last two minutes. Two trainings of one run spoil it.',
      { modal: true },
      anyway,
    );
    if (choice !== anyway) return;
  }
  start(services, { request: { output: run.fsPath, resume: true }, scope: run });
}

function start(services: Services, plan: Plan | undefined): void {
  if (plan) services.trainings.start(plan.request, plan.scope);
}

async function configPlan(config: Uri, given: TrainArguments, output: string): Promise<Plan> {
  const problem = await problemWithRun(output, config);
  if (problem) throw new UserError(`${output}: ${problem}`);
  const { maxSteps, maxSeconds, seed } = given;
  const request = {
    config: config.fsPath,
    maxSteps,
    maxSeconds,
    seed,
    output: resolveRunFolder(output, config),
  };
  return { request, scope: config };
}

function isComplete(
  given: TrainArguments | undefined,
): given is TrainArguments & { data: string; output: string } {
  return typeof given?.data === 'string' && typeof given.output === 'string';
}

async function requestOf(given: TrainArguments & { data: string; output: string }): Promise<TrainRequest> {
  const problem = await problemWithRun(given.output);
  if (problem) throw new UserError(`${given.output}: ${problem}`);
  const { data, preset, maxSteps, maxSeconds, seed } = given;
  return { data, preset, maxSteps, maxSeconds, seed, output: resolveRunFolder(given.output) };
}
