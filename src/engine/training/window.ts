/** Averages of training measurements between two lines of metrics. */
import { defined } from '../../base/defined';
import type { MetricsRow } from '../../protocol/run';
import type { StepResult, Trainer } from './trainer';

export interface Window {
  add(result: StepResult): void;
  /** The averages since the last row. At least one step was added. */
  soFar(step: number, seconds: number): MetricsRow;
  /** The averages since the last row, and a fresh start. */
  row(step: number, seconds: number): MetricsRow;
}

export function createWindow(trainer: Trainer): Window {
  let results: StepResult[] = [];
  let from: number | undefined;
  const window: Window = {
    add: (result) => void results.push(result),
    soFar(step, seconds) {
      const meanOf = (key: keyof Omit<StepResult, 'finite'>): number | undefined =>
        results[0]?.[key] === undefined
          ? undefined
          : results.reduce((sum, result) => sum + result[key]!, 0) / results.length;
      const nats = meanOf('nats');
      const elapsed = from === undefined ? undefined : seconds - from;
      const row: MetricsRow = {
        step,
        seconds,
        ...defined({
          trainNats: nats,
          trainBitsPerDim: nats === undefined ? undefined : trainer.bitsPerDim(nats),
          prior: meanOf('prior'),
          logDet: meanOf('logDet'),
          preprocessing: meanOf('preprocessing'),
          velocityError: meanOf('velocityError'),
          reverseKl: meanOf('reverseKl'),
          gradientNorm: meanOf('gradientNorm'),
        }),
        learningRate: results[results.length - 1]!.learningRate,
        ...(trainer.stepsPerEpoch < Infinity ? { epoch: step / trainer.stepsPerEpoch } : {}),
      };
      if (elapsed) row.examplesPerSecond = (results.length * trainer.batchSize) / elapsed;
      return row;
    },
    row(step, seconds) {
      const row = window.soFar(step, seconds);
      from = seconds;
      results = [];
      return row;
    },
  };
  return window;
}
