/** Numbers as the status bar, the Runs view and messages show them. */
import { duration } from '../base/short-time';
import type { BestSoFar, MetricsRow } from '../protocol/run';
import type { TrainProgress } from '../protocol/engine';

/** Text between the numbers, in a language. */
interface FormatWords {
  noValidation: string;
  saving: string;
  preparing: string;
  paused: string;
  /** Text about several trainings at once; "{0}" is their number, and how many of them are paused. */
  trainings: string;
  somePaused: string;
  /** "{0}" is its number. */
  step: string;
  /** "{0}" is the time. */
  left: string;
  decimalMark: string;
}

export interface ShownTraining {
  title: string;
  progress: TrainProgress | undefined;
  stopping: boolean;
}

/** One that is being stopped is not, whatever it did before. */
export function isPaused({ progress, stopping }: ShownTraining): boolean {
  return progress?.phase === 'paused' && !stopping;
}

/** Sentences about trainings and files, in one language. */
export function formatsIn(words: FormatWords) {
  function fixed(value: number): string {
    return Number.isFinite(value)
      ? value.toFixed(3).replace('-', '−').replace('.', words.decimalMark)
      : String(value);
  }

  /** "2.074 bits/dim", "0.312 nats" or "ESS 87%"; "no validation yet" where nothing was measured. */
  function formatBest(best: BestSoFar | undefined): string {
    if (!best) return words.noValidation;
    if (best.efficiency !== undefined)
      return `ESS ${String(Number((100 * best.efficiency).toPrecision(2))).replace('.', words.decimalMark)}%`;
    return best.bitsPerDim === undefined ? `${fixed(best.nats)} nats` : `${fixed(best.bitsPerDim)} bits/dim`;
  }

  /** The newest loss: of validation in the row that has one, else of the training batch. */
  function formatLoss(metrics: MetricsRow | undefined): string | undefined {
    if (!metrics) return undefined;
    const bits = metrics.validationBitsPerDim ?? metrics.trainBitsPerDim;
    if (bits !== undefined) return `${fixed(bits)} bits/dim`;
    const nats = metrics.validationNats ?? metrics.trainNats;
    return nats === undefined ? undefined : `${fixed(nats)} nats`;
  }

  /** "digits 45% · 2.13 bits/dim · 1:20 left": what the status bar says of a training. */
  function formatProgress(title: string, progress: TrainProgress | undefined, stopping: boolean): string {
    if (stopping) return `${title}: ${words.saving}`;
    if (!progress || progress.phase === 'preparing') return `${title}: ${words.preparing}`;
    const percent = Math.floor(100 * Math.min(1, Math.max(0, progress.fraction)));
    // "0%" of a training of hours would say for minutes that nothing happens.
    const done = percent < 1 ? words.step.replace('{0}', String(progress.step)) : `${percent}%`;
    if (progress.phase === 'paused') return `${title} ${done} · ${words.paused}`;
    const eta =
      progress.etaSeconds === undefined
        ? undefined
        : words.left.replace('{0}', duration(progress.etaSeconds));
    return [`${title} ${done}`, formatLoss(progress.metrics), eta].filter(Boolean).join(' · ');
  }

  /** The status bar's text for all trainings of a window: of one its progress, of several how many there are. */
  function formatTrainings(trainings: readonly ShownTraining[]): string {
    const [only, ...others] = trainings;
    if (!only) return '';
    if (others.length === 0) return formatProgress(only.title, only.progress, only.stopping);
    const paused = trainings.filter(isPaused).length;
    const number = (text: string, value: number): string => text.replace('{0}', String(value));
    return [
      number(words.trainings, trainings.length),
      ...(paused > 0 ? [number(words.somePaused, paused)] : []),
    ].join(' · ');
  }

  function formatBytes(bytes: number): string {
    if (bytes < 1000) return `${bytes} B`;
    if (bytes < 999_500) return `${(bytes / 1000).toFixed(0)} kB`;
    return `${(bytes / 1e6).toFixed(1).replace('.', words.decimalMark)} MB`;
  }

  return { formatBest, formatLoss, formatProgress, formatTrainings, formatBytes };
}
