import type { TrainingConfig } from './schema';

/** What to try after a training whose values were not finite: the two settings that decide how far one step goes. */
export function saferTraining({ learningRate, clipNorm }: Pick<TrainingConfig, 'learningRate' | 'clipNorm'>) {
  return {
    learningRate: Number(Math.min(learningRate / 10, 1e-3).toPrecision(2)),
    clipNorm: Math.min(clipNorm, 1),
  };
}
