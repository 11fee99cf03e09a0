/** Averages of training measurements between two lines of metrics. */
import type { MetricsRow } from '../../protocol/run';
import type { StepResult, Trainer } from './trainer';

export interface Window {
  add(result: StepResult): void;
  /** The averages since the last row. At least one step was added. */
  soFar(step: number, seconds: number): MetricsRow;
  /** The averages since the last row, and a fresh start. */
  row(step: number, seconds: number): MetricsRow;
}

const averaged = ['nats', 'prior', 'logDet', 'preprocessing', 'gradientNorm'] as const;

export function createWindow(trainer: Trainer): Window {
  let results: StepResult[] = [];
  let from: number | undefined;
  const window: Window = {
    add: (result) => void results.push(result),
    soFar(step, seconds) {
      const means = Object.fromEntries(
        averaged.map((key) => [key, results.reduce((sum, result) => sum + result[key], 0) / results.length]),
      ) as Record<(typeof averaged)[number], number>;
      const bitsPerDim = trainer.bitsPerDim(means.nats);
      const elapsed = from === undefined ? undefined : seconds - from;
      const row: MetricsRow = {
        step,
        seconds,
        trainNats: means.nats,
        ...(bitsPerDim === undefined ? {} : { trainBitsPerDim: bitsPerDim }),
        prior: means.prior,
        logDet: means.logDet,
        preprocessing: means.preprocessing,
        gradientNorm: means.gradientNorm,
        learningRate: results[results.length - 1]!.learningRate,
        epoch: step / trainer.stepsPerEpoch,
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
