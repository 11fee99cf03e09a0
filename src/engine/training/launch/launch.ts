/** Trains a run outside of this process: everything is prepared here, and the training's reports are passed on. */
import { saveCheckpoint, type CheckpointHeader } from '../../../checkpoint/checkpoint';
import { forgetControl } from '../../../checkpoint/control';
import { saveResume } from '../../../checkpoint/resume';
import { createRun, runPaths, writeConfig, type ClaimedRun } from '../../../checkpoint/run-folder';
import { readNpy, toFloat32 } from '../../../data/npy';
import { buildFlow, buildPreprocess } from '../../../flow/real-nvp';
import type { TrainRequest, TrainResult } from '../../../protocol/engine';
import type { Launch } from '../../../protocol/launch';
import type { BackendInfo } from '../../../protocol/model';
import { packTensors, unpackTensors } from '../packed';
import { writePicture } from '../record';
import type { Start } from '../start';
import { evaluationVectors } from '../step-graph';
import type { TrainOptions } from '../train';
import { startingState } from '../trainer';
import { checkLaunch, launchers } from './launchers';
import { checkPrepared, prepareTorch } from './prepare';
import { findPython } from './python';
import { relay } from './relay';
import { trainingModule } from './training-module';

export interface Launching {
  launch: Launch;
  start: Start;
  claimed: ClaimedRun | undefined;
  request: TrainRequest;
  header: Omit<CheckpointHeader, 'step' | 'seconds' | 'metrics'>;
}

/** @throws UserError when Python or PyTorch is missing, or the run cannot be trained with it; nothing is written then */
export async function launchTraining(launching: Launching, options: TrainOptions): Promise<TrainResult> {
  const { launch, start, claimed, request } = launching;
  const { config, dataset } = start;
  const batch = Math.min(config.training.batch, dataset.train.count);
  checkLaunch(launch, batch);
  checkPrepared(config);
  const python = await findPython();
  const launcher = launchers[launch.name];
  const prepared = await prepare(launching, options);
  const run = claimed ?? (await createRun(request.output, config));
  try {
    await write(run, prepared, launching, batch);
  } finally {
    // Whoever trains takes it.
    await run.lock.release();
  }
  const { folder } = run.paths;
  const processes = launcher.processes(launch);
  const backend: BackendInfo = {
    name: 'pytorch',
    library: `PyTorch ${python.torch}`,
    threads: processes * (launch.threads ?? 1),
    reason: `launcher ${launch.name}, ${processes} ${processes === 1 ? 'process' : 'processes'}`,
  };
  const log = options.log ?? (() => undefined);
  const ending = await relay(python.command, [...launcher.module(launch), folder, '--until-closed'], {
    threads: launch.threads,
    signal: options.signal,
    onProgress: (progress) => options.onProgress?.({ ...progress, backend }),
    async onSamples(file, step) {
      await readNpy(file)
        .then((samples) => writePicture(toFloat32(samples), config.model, runPaths(folder).sample(step)))
        .catch((error: unknown) => {
          log(`The picture of samples at step ${step} was left out: ${String(error)}`);
        });
    },
    log,
  });
  const { best, last } = run.paths;
  return { run: folder, ...ending, bestCheckpoint: ending.best ? best : last };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** What needs no folder. */
async function prepare({ start, header }: Launching, { backend }: TrainOptions) {
  const { config, dataset, resumed, weights } = start;
  const flow = buildFlow(config.model);
  const preprocess = buildPreprocess(config.model, flow, header.standardize);
  const module = trainingModule({ flow, preprocess });
  const state =
    resumed?.tensors ?? (await startingState({ config, dataset, backend, weights }, { flow, preprocess }));
  return { flow, preprocess, module, state };
}

async function write(
  { paths }: ClaimedRun,
  { flow, preprocess, module, state }: Prepared,
  { start, request, header }: Launching,
  batch: number,
): Promise<void> {
  const { config, dataset, resumed } = start;
  const { step, seconds, progress } = resumed ?? { step: 0, seconds: 0, progress: { withoutBetter: 0 } };
  const used = evaluationVectors(flow, config.training);
  const tensors = unpackTensors(
    used.map((vector) => ({
      ...vector,
      members: vector.members.map((member) => ({ ...member, name: member.stored })),
    })),
    packTensors(used, state),
  );
  if (!resumed) await saveCheckpoint(paths.last, { ...header, step, seconds, tensors });
  if (request.moreSteps !== undefined) await writeConfig(paths, config);
  await saveResume(paths.resume, { step, seconds, progress, tensors: state });
  await forgetControl(paths.folder);
  await prepareTorch(paths.folder, {
    ...{ flow, preprocess, module, config, dataset, header, batch },
    weights: tensors,
    maxSteps: request.maxSteps,
    maxSeconds: request.maxSeconds ?? config.training.maxSeconds,
    validateFirst: start.weights !== undefined,
  });
}
