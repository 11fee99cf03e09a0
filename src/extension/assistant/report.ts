/** Reports as text for a language model: one sentence with the answer, then all numbers as JSON. In English. */
import type { CheckpointReport, NonFiniteReport, ScoreReport } from '../../protocol/assistant';

export function summaryText(report: CheckpointReport): string {
  const { architecture, format, parameters, tensors, validation, run } = report;
  const what = architecture ?? `A ${format} file whose flow is not known`;
  const sentences = [
    `${what}: ${parameters} parameters in ${tensors} tensors.`,
    validation ? `Validation: ${likelihood(validation)}.` : 'No validation result is stored in it.',
    ...(run ? [`Its run is ${run.status}${run.step === undefined ? '' : ` at step ${run.step}`}.`] : []),
  ];
  return withNumbers(sentences.join(' '), report);
}

export function scoreText(report: ScoreReport): string {
  const { count, mean, quantiles, unit, leastLikely, nonFinite } = report;
  const median = quantiles.find(({ probability }) => probability === 0.5);
  const sentences = [
    `Mean −ln p of ${count} examples: ${likelihood(mean)}; lower is more likely. The other parts of "mean" are what each adds to ln p, and add up to −nats.`,
    ...(median ? [`Median ${rounded(median.value)} ${unit}.`] : []),
    ...(leastLikely.length > 0
      ? [
          `Least likely rows (from 0): ${leastLikely.map(({ index, value }) => `${index} (${rounded(value)})`).join(', ')}.`,
        ]
      : []),
    ...(nonFinite > 0 ? [`${nonFinite} examples have a likelihood that is NaN or infinite.`] : []),
  ];
  return withNumbers(sentences.join(' '), report);
}

export function nonFiniteText(report: NonFiniteReport): string {
  return withNumbers(report.conclusion, report);
}

/** Messages of the engine name options of the command line; a model knows parameters. */
export function inParameters(message: string): string {
  const names: Record<string, string> = { input: 'data', 'label-column': 'labelColumn' };
  return message.replace(/--([a-z][a-z-]*)/g, (_, option: string) => `"${names[option] ?? option}"`);
}

function likelihood({ nats, bitsPerDim }: { nats: number; bitsPerDim?: number | undefined }): string {
  return bitsPerDim === undefined
    ? `${rounded(nats)} nats`
    : `${rounded(bitsPerDim)} bits/dim (${rounded(nats)} nats)`;
}

/** Digits that float32 has; JSON has no word for NaN and infinity. */
function rounded(value: number): number | string {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : String(value);
}

function withNumbers(sentence: string, report: object): string {
  const json = JSON.stringify(report, (_, value: unknown) =>
    typeof value === 'number' ? rounded(value) : value,
  );
  return `${sentence}\n\n${json}`;
}
