/** Numbers as the status bar, the Runs view and messages show them. */
import type { MetricsRow } from '../protocol/inspect';
import type { TrainProgress } from '../protocol/engine';

export interface Best {
  step: number;
  nats: number;
  bitsPerDim?: number;
}

/** "2.074 bits/dim" or "0.312 nats"; "no validation yet" where nothing was measured. */
export function formatBest(best: Best | undefined): string {
  if (!best) return 'no validation yet';
  return best.bitsPerDim === undefined ? `${fixed(best.nats)} nats` : `${fixed(best.bitsPerDim)} bits/dim`;
}

/** The newest loss: of validation in the row that has one, else of the training batch. */
export function formatLoss(metrics: MetricsRow | undefined): string | undefined {
  if (!metrics) return undefined;
  const bits = metrics.validationBitsPerDim ?? metrics.trainBitsPerDim;
  if (bits !== undefined) return `${fixed(bits)} bits/dim`;
  const nats = metrics.validationNats ?? metrics.trainNats;
  return nats === undefined ? undefined : `${fixed(nats)} nats`;
}

/** 75 → "1:15", 3700 → "1:01:40". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
  return parts.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** "digits 45% · 2.13 bits/dim · 1:20 left": what the status bar says of a training. */
export function formatProgress(
  title: string,
  progress: TrainProgress | undefined,
  stopping: boolean,
): string {
  if (stopping) return `${title}: saving…`;
  if (!progress || progress.phase === 'preparing') return `${title}: preparing…`;
  const percent = `${Math.floor(100 * Math.min(1, Math.max(0, progress.fraction)))}%`;
  const eta = progress.etaSeconds === undefined ? undefined : `${formatDuration(progress.etaSeconds)} left`;
  return [`${title} ${percent}`, formatLoss(progress.metrics), eta].filter(Boolean).join(' · ');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${(bytes / 1000).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function fixed(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3).replace('-', '−') : String(value);
}
