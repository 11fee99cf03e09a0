/** How long a training would take, by a few steps of it that are not kept. */
import { lookedImages } from '../../data/open/preview';
import type { TrainEstimate, TrainRequest } from '../../protocol/engine';
import { CancelledError } from '../../protocol/wire';
import { parameterCount } from '../model/layer-list';
import type { Backend } from '../backends/backend';
import { standardizationFor, startFresh } from './start';
import { createTrainer, type Trainer } from './trainer';

/** The first steps compile and warm up. */
const warmup = 2;
/** Steps that are measured: until they took this long, s, and are a few, or are this many. */
const enough = { seconds: 0.4, few: 3, steps: 20 };
/** A validation has a forward pass and no backward pass, which takes about twice as long. */
const forwardShare = 1 / 3;

/** @throws UserError where the training would refuse its data or settings */
export async function estimateTraining(
  request: Omit<TrainRequest, 'output'>,
  { backend, signal }: { backend: Backend; signal?: AbortSignal },
): Promise<TrainEstimate> {
  const { config, dataset, counts, weights, ...start } = await startFresh(request, {
    pictures: lookedImages,
    ...(signal ? { signal } : {}),
  });
  try {
    const standardization = await standardizationFor({ config, dataset, ...start }, signal);
    if (signal?.aborted) throw new CancelledError();
    const trainer = await createTrainer({ config, dataset, backend, standardization, weights });
    try {
      const secondsPerStep = await paceOf(trainer, signal);
      const { steps, validateEvery } = config.training;
      const batches = Math.ceil(counts.validation / trainer.batchSize);
      return {
        steps,
        secondsPerStep,
        secondsBetween: (batches * secondsPerStep * forwardShare) / Math.min(steps, validateEvery),
        parameters: parameterCount(trainer.flow.parameters),
      };
    } finally {
      await trainer.dispose();
    }
  } finally {
    await dataset.close();
  }
}

type TimedTrainer = Pick<Trainer, 'steps' | 'stepsAhead'>;

/** Seconds a step takes, the median: a step during which something else had the processor says little of the others. */
export async function paceOf(trainer: TimedTrainer, signal?: AbortSignal): Promise<number> {
  const times = await timesOf(trainer, signal);
  return times[Math.floor(times.length / 2)]!;
}

/**
 * Seconds a step takes where nothing else has the processor, the least: of two backends, the better one must not lose by chance.
 * @param most seconds; what takes longer is not measured to the end
 */
export async function leastOf(trainer: TimedTrainer, signal?: AbortSignal, most?: number): Promise<number> {
  const [least] = await timesOf(trainer, signal, most);
  return least!;
}

/** The shortest first. */
async function timesOf(
  trainer: TimedTrainer,
  signal: AbortSignal | undefined,
  most = Infinity,
): Promise<number[]> {
  const times: number[] = [];
  for (let step = 1; ;) {
    if (signal?.aborted) throw new CancelledError();
    const count = step > warmup ? Math.min(trainer.stepsAhead, enough.few) : 1;
    const began = performance.now();
    await trainer.steps(step, count);
    const seconds = (performance.now() - began) / 1000 / count;
    step += count;
    if (step > 2 && seconds > Math.max(most, enough.seconds)) return [seconds];
    if (step <= warmup + 1) continue;
    times.push(seconds);
    const all = times.reduce((sum, time) => sum + time, 0);
    if (times.length >= enough.steps || (times.length >= enough.few && all >= enough.seconds))
      return times.sort((a, b) => a - b);
  }
}
