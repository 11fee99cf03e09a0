import { several, UserError } from '../../base/user-error';
import { createInspector } from '../../engine/inspect/inspector';
import { areAboutSamples, type Finding, type Severity } from '../../protocol/findings';
import type { DataAndSamples } from '../../protocol/data-and-samples';
import type { BatchRef } from '../../protocol/selection';
import type { ModelSummary } from '../../protocol/model';
import { defaultBatch } from '../../protocol/questions';
import { type Outcome, choiceOption, defineCommand, flagOption, integerOption } from '../command';
import { count as shown } from '../format';
import { modelHelp, openForSession } from '../model';

/** Exit code when something is wrong with the flow, and nothing with the command. */
export const foundCode = 4;

const headings: Record<Severity, string> = {
  error: 'ERROR',
  warning: 'WARNING',
  notice: 'notice',
  ok: 'ok',
  skipped: 'skipped',
};

export const diagnoseCommand = defineCommand({
  name: 'diagnose',
  summary: 'Find problems of a flow and say what to try',
  argument: modelHelp,
  about:
    'Runs a batch through the flow and back and makes twelve checks: NaN and Inf, samples unlike the data, large scales, saturated scales, values outside of a spline’s interval, dead networks and units, running statistics that differ from those of the batch, a difference between training and evaluation mode, latents that are not normal, an inexact inverse, and overfitting. Each check reports the measured number, the threshold, what to try and the layer to look at. Without data, as for most checkpoints of other libraries, samples of the flow are used, checks that need data are skipped, and what passes says nothing about your data.\n\n' +
    `Exit code 0: no problems, or only notices. Exit code ${foundCode}: at least one warning or error (with --strict, or notice).`,
  options: {
    split: choiceOption(
      ['train', 'validation', 'sample'],
      "Which examples to use: the run's data (validation if there are any), or samples of the flow.",
    ),
    count: integerOption('N', 'Examples in the batch.', { min: 2, max: 4096, default: 64 }),
    strict: flagOption(`Exit code ${foundCode} for notices, too.`),
  },
  examples: {
    'Problems of a run:': 'flowscope diagnose runs/digits',
    'A checkpoint of another library, for a script:': 'flowscope diagnose flow.pt --json',
  },
  async run(session, file, options): Promise<Outcome> {
    const model = await openForSession(session, file);
    const inspector = createInspector('1', model);
    session.onEnd(() => inspector.dispose());
    const summary = await inspector.ask('summary', undefined, session.signal);
    const batch = batchOf(summary, options);
    const { findings, count } = await inspector.ask('findings', { batch }, session.signal);
    const isCompared = findings.some(({ check, severity }) => check === 'samples' && severity !== 'skipped');
    const compared = isCompared ? await inspector.ask('dataAndSamples', undefined, session.signal) : null;
    const bad = findings.some(
      ({ severity }) =>
        severity === 'error' || severity === 'warning' || (options.strict && severity === 'notice'),
    );
    return {
      json: {
        model: model.file,
        batch: { split: batch.split, count },
        findings: findings.map(({ layer, others, ...rest }) => ({
          ...rest,
          ...(layer === undefined ? {} : { layer: nameOf(summary, layer) }),
          ...(others ? { others: others.map((index) => nameOf(summary, index)) } : {}),
        })),
        ...(compared ? { samples: samplesJson(compared) } : {}),
      },
      text: asText(
        findings,
        summary,
        `${shown(count)} ${batch.split === 'sample' ? 'samples' : `${batch.split} examples`}`,
      ),
      code: bad ? foundCode : 0,
    };
  },
});

function batchOf(
  summary: ModelSummary,
  { split, count }: { split: BatchRef['split'] | undefined; count: number },
): BatchRef {
  const chosen = split ?? defaultBatch(summary).split;
  if (chosen !== 'sample' && !summary.splits.some(({ name }) => name === chosen)) {
    throw new UserError(
      `--split ${chosen}: ${summary.splitsReason ?? `the data have no ${chosen} examples.`} Use --split sample.`,
    );
  }
  return { split: chosen, count };
}

function samplesJson({ split, examples, samples, band, energy, features }: DataAndSamples): object {
  const rows = features.map(({ name, sign, distance, below, above }) => ({
    name,
    sign,
    distance,
    below,
    above,
  }));
  return { split, examples, samples, band, energy, features: rows };
}

function nameOf({ layers }: ModelSummary, index: number): string {
  return layers.find((layer) => layer.index === index)?.name ?? String(index);
}

function asText(findings: readonly Finding[], summary: ModelSummary, batch: string): string {
  const wrong = findings.filter(({ severity }) => severity !== 'ok' && severity !== 'skipped');
  const head = [
    ...(areAboutSamples(findings)
      ? [
          `Checked on the flow’s own samples, which says nothing about ${summary.target ? `the target ${summary.target}` : 'your data'}.`,
        ]
      : wrong.length === 0
        ? [`No problems found in ${batch}.`]
        : []),
    ...(wrong.length > 0 ? [`${several(wrong.length, 'finding')} in ${batch}.`] : []),
  ].join(' ');
  const lines = findings.map(({ severity, sentence, advice, layer, others }) =>
    [
      `${headings[severity]}: ${sentence}`,
      ...(advice ? [`  Try: ${advice}`] : []),
      ...(advice && layer !== undefined
        ? [`  Look at: ${[layer, ...(others ?? [])].map((index) => nameOf(summary, index)).join(', ')}`]
        : []),
    ].join('\n'),
  );
  return `${[head, ...lines].join('\n\n')}\n`;
}
