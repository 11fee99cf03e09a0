/** Answers a call of a tool: from the engine that inspectors of its file use, in words and numbers for a language model. */
import { randomUUID } from 'node:crypto';
import {
  CancellationError,
  type CancellationToken,
  LanguageModelTextPart,
  FileType,
  LanguageModelToolResult,
  Uri,
  workspace,
} from 'vscode';
import type { EngineApi } from '../../protocol/engine';
import { toErrorData } from '../../protocol/wire';
import { dataEngine } from '../engine/data-engine';
import type { InspectionEngines } from '../engine/inspection-engines';
import type { SharedEngine } from '../engine/shared-engine';
import { log } from '../log';
import type { Services } from '../services/services';
import { checkInput } from './input';
import { resolveData, resolvePath } from './paths';
import type { ToolName } from './tool-names';
import type { CheckpointReport, ScoreReport } from '../../protocol/assistant';

/** @throws Error whose message is for the model: the input, what is expected, what to do; CancellationError */
export async function invoke(
  services: Services,
  name: ToolName,
  input: unknown,
  token: CancellationToken,
): Promise<LanguageModelToolResult> {
  try {
    if (token.isCancellationRequested) throw new CancellationError();
    const query = await resolved(name, input);
    const engine = await engineFor(services.inspection, query);
    return await engine.use(async ({ api }) => {
      const call = randomUUID();
      const subscription = token.onCancellationRequested(() => void api.cancel(call).catch(() => undefined));
      try {
        const text = await query.answer(api, call);
        return new LanguageModelToolResult([new LanguageModelTextPart(text)]);
      } finally {
        subscription.dispose();
      }
    });
  } catch (error) {
    const { message, userError, cancelled, stack } = toErrorData(error);
    if (cancelled || token.isCancellationRequested) throw new CancellationError();
    log().warn(`${name}: ${userError ? message : (stack ?? message)}`);
    throw new Error(inParameters(message), { cause: error });
  }
}

/** What is asked, of files that are there. */
interface Query {
  model: string;
  /** Path of the data. */
  input?: string;
  answer(api: EngineApi, call: string): Promise<string>;
}

async function resolved(name: ToolName, input: unknown): Promise<Query> {
  switch (name) {
    case 'flowscope_summarizeCheckpoint': {
      const model = await resolvePath(checkInput(name, input).path);
      return { model, answer: async (api, call) => summaryText(await api.summarizeCheckpoint(model, call)) };
    }
    case 'flowscope_scoreFile': {
      const { path, data, ...settings } = checkInput(name, input);
      const files = { ...(data && { input: await resolveData(data) }), model: await resolvePath(path) };
      const query = { ...files, ...settings };
      return { ...files, answer: async (api, call) => scoreText(await api.scoreFile(query, call)) };
    }
    case 'flowscope_findNonFinite': {
      const { path, data, example, count } = checkInput(name, input);
      const files = { ...(data && { input: await resolvePath(data) }), model: await resolvePath(path) };
      const query = { ...files, index: example, count };
      return {
        ...files,
        async answer(api, call) {
          const report = await api.findNonFinite(query, call);
          return withNumbers(report.conclusion, report);
        },
      };
    }
  }
}

/** A folder is one of our runs. Where the model is ours and the data are not, the data may be anything. */
async function engineFor(engines: InspectionEngines, query: Query): Promise<SharedEngine> {
  const isFolder = (await workspace.fs.stat(Uri.file(query.model))).type & FileType.Directory;
  const ofModel = isFolder ? engines : engines.of(Uri.file(query.model));
  return ofModel === engines && query.input !== undefined ? dataEngine(engines, query.input) : ofModel;
}

/** Reports as text for a language model: one sentence with the answer, then all numbers as JSON. In English. */
function summaryText(report: CheckpointReport): string {
  const { architecture, format, parameterCount, tensorCount, validation, run } = report;
  const what = architecture ?? `A ${format} file whose flow is not known`;
  const sentences = [
    `${what}: ${parameterCount} parameters in ${tensorCount} tensors.`,
    validation ? `Validation: ${likelihood(validation)}.` : 'No validation result is stored in it.',
    ...(run ? [`Its run is ${run.status}${run.step === undefined ? '' : ` at step ${run.step}`}.`] : []),
  ];
  return withNumbers(sentences.join(' '), report);
}

function scoreText(report: ScoreReport): string {
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

/** Messages of the engine name options of the command line; a model knows parameters. */
function inParameters(message: string): string {
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
