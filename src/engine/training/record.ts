/** What a training run leaves on disk: metrics, checkpoints, the state to resume from, sample pictures. */
import { saveCheckpoint, type RunHeader } from '../../checkpoint/checkpoint';
import { saveResume, type RunProgress } from '../../checkpoint/resume';
import { appendMetrics, pruneCheckpoints, type RunPaths } from '../../checkpoint/run-folder';
import type { RunLock } from '../../checkpoint/run-lock';
import type { ModelConfig, StoredConfig } from '../../config/schema';
import { writeSampleGrid, writeScatter } from '../../data/png';
import type { MetricsRow } from '../../protocol/run';
import type { NdArray } from '../../protocol/tensors';
import type { Trainer } from './trainer';

export interface Moment {
  step: number;
  seconds: number;
  /** The latest measurements, stored with the checkpoint. */
  metrics?: MetricsRow;
}

export interface Recorder {
  metrics(row: MetricsRow): Promise<void>;
  best(moment: Moment): Promise<void>;
  /** The last checkpoint and everything to go on from there. */
  last(moment: Moment, progress: RunProgress): Promise<void>;
  periodic(moment: Moment): Promise<void>;
  samples(step: number): Promise<void>;
}

export interface RecorderOptions {
  paths: RunPaths;
  /** Looked at before each writing. */
  lock: RunLock;
  config: StoredConfig;
  trainer: Trainer;
  header: RunHeader;
}

const gridColumns = 6;
const imageSamples = gridColumns * gridColumns;
const pointSamples = 1000;

export function createRecorder({ paths, lock, config, trainer, header }: RecorderOptions): Recorder {
  const save = async (file: string, moment: Moment): Promise<void> => {
    await lock.check();
    await saveCheckpoint(file, { ...header, ...moment, tensors: await trainer.weights() });
  };
  return {
    async metrics(row) {
      await lock.check();
      await appendMetrics(paths, row);
    },
    best: (moment) => save(paths.best, moment),
    async last(moment, progress) {
      await save(paths.last, moment);
      await saveResume(paths.resume, {
        step: moment.step,
        seconds: moment.seconds,
        progress: { ...progress },
        tensors: await trainer.fullState(),
      });
    },
    async periodic(moment) {
      await save(paths.checkpoint(moment.step), moment);
      await pruneCheckpoints(paths, config.training.keepCheckpoints);
    },
    async samples(step) {
      const count = pictureSamples(config.model);
      if (count === 0) return;
      await lock.check();
      await writePicture(await trainer.samples(count), config.model, paths.sample(step));
    },
  };
}

/** Samples of a picture; 0 for vectors of more than two coordinates, of which one would show nothing. */
export function pictureSamples(model: ModelConfig): number {
  if (model.kind === 'image') return imageSamples;
  return model.dim === 2 ? pointSamples : 0;
}

export async function writePicture(
  samples: NdArray<Float32Array>,
  model: ModelConfig,
  file: string,
): Promise<void> {
  if (model.kind === 'image') await writeSampleGrid(samples, model.levels, gridColumns, file);
  else await writeScatter(samples, file);
}
