/** Saves an inspection as one HTML page that needs nothing else: the inspector's own page with recorded answers. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defined } from '../../base/defined';
import { withoutFolders, ignoreUserError, UserError } from '../../base/user-error';
import { writeAtomically } from '../../files/atomic';
import { inspectorHtml } from '../../inspector-html/shell';
import { comparisonPlan } from '../../protocol/compare';
import type { SavedPage } from '../../protocol/engine';
import type { NetworkView, Strip } from '../../protocol/inspect';
import {
  questionOf,
  recordPlan,
  type InspectorMethod,
  type InspectorQuery,
  type Question,
} from '../../protocol/inspector-questions';
import { type ModelSummary, hasConditioner } from '../../protocol/model';
import { encodeRecorded, recordedSize } from '../../protocol/recorded';
import type { RunCurves } from '../../protocol/run';
import { recordKey, type RecordedModel, type RecordedPage } from '../../protocol/webview';
import type { Inspector } from '../inspect/inspector';
import { breathe } from '../model/breathe';
import type { ExportOptions } from './onnx';
import type { Model } from '../model/model';
import type { RecordedChoices } from '../../protocol/questions';
import { windowOfWeight } from '../../protocol/weight-window';

/** So that a page can be mailed. What it opens with is always in it, the rest as far as it fits. */
const mostBytes = 10e6;
/** The shell, and keys of answers. */
const spareBytes = 100e3;

export interface Inspected {
  model: Model;
  inspector: Inspector;
}

export interface HtmlOptions extends ExportOptions {
  /** A second model: the page then compares the two. */
  compared?: Inspected;
}

/**
 * @param output path of the page; a name without an ending gets .html
 * @throws UserError when the page cannot be written, CancelledError
 */
export async function exportHtml(
  { model, inspector }: Inspected,
  output: string,
  options: HtmlOptions = {},
): Promise<SavedPage> {
  const { signal = new AbortController().signal, onProgress, compared } = options;
  const file = path.extname(output) ? path.resolve(output) : `${path.resolve(output)}.html`;
  const { script, style } = await pageFiles();
  const summary = await inspector.ask('summary', undefined, signal);
  const room = mostBytes - spareBytes - Buffer.byteLength(script) - Buffer.byteLength(style);
  const page = await recordPage(inspector, summary, { compared, signal, onProgress, room: { bytes: room } });
  const html = inspectorHtml({
    title: `${summary.title}, ${path.basename(model.file)}`,
    language: process.env['FLOWSCOPE_LANGUAGE'],
    nonce: randomBytes(18).toString('base64'),
    inlineScript: script,
    inlineStyle: style,
    recorded: encodeRecorded(page),
  });
  await breathe(signal);
  const bytes = Buffer.from(html);
  await writeAtomically(file, bytes);
  const holdsBatch = model.recording !== undefined || compared?.model.recording !== undefined;
  return { path: file, bytes: bytes.length, holdsBatch };
}

interface Recording extends Required<Pick<HtmlOptions, 'signal'>>, Pick<HtmlOptions, 'onProgress'> {
  /** What is left for answers; it shrinks as they come. */
  room: { bytes: number };
}

async function recordPage(
  inspector: Inspector,
  summary: ModelSummary,
  { compared, ...recording }: Recording & Pick<HtmlOptions, 'compared'>,
): Promise<RecordedPage> {
  const shown = portable(summary);
  const { choices, questions } = recordPlan(summary);
  const exampleContext = await exampleContextOf(inspector, summary, questions, recording.signal);
  const subject = { inspector, summary, shown, exampleContext };
  const { answers, reasons } = await recordAnswers(subject, questions, within(recording, 0, 0.5));
  const page: RecordedPage = {
    version: 1,
    answers,
    reasons,
    choices,
    ...(exampleContext ? { given: exampleContext } : {}),
  };
  if (!summary.runnable) return page;

  const batch = choices.batches[0];
  const other = compared && (await compared.inspector.ask('summary', undefined, recording.signal));
  if (compared && other) {
    const shownOther = apart(portable(other), shown, other.runFolder === summary.runFolder);
    // Asked with what the reader's page will know, so that its questions are the same.
    const plan = comparisonPlan(shown, shownOther, choices, (example) => {
      return answers[recordKey('strip', { example, batch, mode: 'eval' })] as Strip | undefined;
    });
    const second = { inspector: compared.inspector, summary: other, shown: shownOther };
    const beside = await recordAnswers(second, plan, within(recording, 0.5, 0.7), 'fitting');
    page.compared = { path: shownOther.path, ...beside };
  }
  const inside = insidePlan(
    summary,
    choices,
    (layer) => answers[recordKey('network', { layer })] as NetworkView | undefined,
  );
  const more = await recordAnswers(subject, inside, within(recording, 0.7, 1), 'fitting');
  return { ...page, answers: { ...answers, ...more.answers }, reasons: { ...reasons, ...more.reasons } };
}

/** Progress of a part of the whole. */
function within(recording: Recording, from: number, to: number): Recording {
  const { onProgress } = recording;
  return {
    ...recording,
    onProgress: ({ message, fraction }) => onProgress?.({ message, fraction: from + (to - from) * fraction }),
  };
}

interface Recorded {
  inspector: Inspector;
  summary: ModelSummary;
  /** The summary as the page holds it. */
  shown: ModelSummary;
  /** The context of the first example. */
  exampleContext?: number[] | undefined;
}

/** The context of the first example of a conditional flow, where it can be run at all. */
async function exampleContextOf(
  inspector: Inspector,
  { context }: ModelSummary,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<number[] | undefined> {
  const strip = context && questions.find(({ method }) => method === 'strip');
  if (!strip) return undefined;
  const found = await answer(inspector, 'strip', strip.query, signal).catch(ignoreUserError);
  const stripContext = (found as Strip | undefined)?.context;
  return stripContext && [...stripContext];
}

/**
 * Answers to questions of the page; where there is none, the reason, which the page gives there.
 * @param which all of them, or the first ones that there is room for
 */
async function recordAnswers(
  { inspector, summary, shown, exampleContext }: Recorded,
  questions: readonly Question[],
  { signal, onProgress, room }: Recording,
  which: 'all' | 'fitting' = 'all',
): Promise<Omit<RecordedModel, 'path'>> {
  const answers: Record<string, unknown> = {};
  const reasons: Record<string, string> = {};
  for (const [i, { method, query }] of questions.entries()) {
    await breathe(signal);
    onProgress?.({ message: `Recording ${method}`, fraction: i / questions.length });
    const key = recordKey(method, query);
    try {
      const context = questionOf(method).context === 'example' ? exampleContext : undefined;
      let found = method === 'summary' ? shown : await answer(inspector, method, query, signal, context);
      if (method === 'curves') found = portableRun(found as RunCurves | null);
      const bytes = recordedSize(found) + key.length;
      if (which === 'fitting' && bytes > room.bytes) break;
      room.bytes -= bytes;
      answers[key] = withoutOwnFolder(found, summary);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons[key] = withoutFolder(error.message, summary);
    }
  }
  return { answers, reasons };
}

/** Names lose their folders in a page, so two models may get the same name; the second is then marked. */
function apart(second: ModelSummary, first: ModelSummary, sameRun: boolean): ModelSummary {
  const run =
    second.runFolder !== undefined && second.runFolder === first.runFolder && !sameRun
      ? { runFolder: `${second.runFolder} (B)` }
      : {};
  return { ...second, ...run, path: second.path === first.path ? `B/${second.path}` : second.path };
}

function answer(
  inspector: Inspector,
  method: InspectorMethod,
  query: unknown,
  signal: AbortSignal,
  context?: readonly number[],
): Promise<unknown> {
  return inspector.ask(method, query as InspectorQuery<typeof method>, signal, context);
}

/** Whatever sentence of an answer names the model's file, such as a finding. Other names may begin with a slash and stay. */
function withoutOwnFolder<T>(answer: T, summary: ModelSummary): T {
  const inside = (value: unknown): unknown => {
    if (typeof value === 'string') return withoutModelPath(value, summary);
    if (Array.isArray(value)) return typeof value[0] === 'number' ? value : value.map(inside);
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
      return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inside(one)]));
  };
  return inside(answer) as T;
}

function withoutModelPath(message: string, { path: file, fileName }: ModelSummary): string {
  return message.replaceAll(file, fileName).replaceAll(path.dirname(file) + path.sep, '');
}

function withoutFolder(message: string, summary: ModelSummary): string {
  // Folder names with spaces cannot be found by a pattern, but the model's own are known.
  return withoutFolders(withoutModelPath(message, summary));
}

function portableRun(run: RunCurves | null): RunCurves | null {
  return (
    run && {
      ...run,
      folder: path.basename(run.folder),
      ...(run.message === undefined ? {} : { message: withoutFolders(run.message) }),
      checkpoints: withoutPaths(run.checkpoints),
    }
  );
}

function withoutPaths<T extends { path: string }>(checkpoints: readonly T[]): T[] {
  return checkpoints.map((checkpoint) => ({ ...checkpoint, path: path.basename(checkpoint.path) }));
}

/** A page travels: where the file lay on this machine is left out. */
function portable(summary: ModelSummary): ModelSummary {
  const { runFolder, reason, splitsReason, ...rest } = summary;
  const portableSentence = (sentence: string | undefined): string | undefined =>
    sentence === undefined ? undefined : withoutFolder(sentence, summary);
  return {
    ...rest,
    path: summary.fileName,
    ...defined({ reason: portableSentence(reason), splitsReason: portableSentence(splitsReason) }),
    ...(runFolder ? { runFolder: path.basename(runFolder) } : {}),
    checkpoints: withoutPaths(summary.checkpoints),
  };
}

/** The page's script and styles: next to the bundle in the product, in dist/ when tests run from the repository. */
async function pageFiles(): Promise<{ script: string; style: string }> {
  const folders = [path.join(__dirname, 'webview'), path.join(process.cwd(), 'dist', 'webview')];
  for (const folder of folders) {
    try {
      const [script, style] = await Promise.all(
        ['inspector.js', 'inspector.css'].map((name) => readFile(path.join(folder, name), 'utf8')),
      );
      return { script: withoutSourceMap(script!), style: style! };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`The inspector's page is not built; looked for it in ${folders.join(' and ')}.`);
}

/** The map of a development build is larger than all the rest. */
function withoutSourceMap(script: string): string {
  return script.replace(/\n\/\/# sourceMappingURL=data:\S*\s*$/, '\n');
}

/**
 * The first window of each weight, the first page of each feature map of the first example, and the norms compared with the
 * batch: the layer that the page opens with first.
 */
export function insidePlan(
  summary: ModelSummary,
  { examples, batches }: RecordedChoices,
  networkOf: (layer: number) => NetworkView | undefined,
): Question[] {
  const [example] = examples;
  const [batch] = batches;
  if (!batch) return [];
  const first = summary.layers.find(hasConditioner);
  const layers = [...summary.layers].sort((a, b) => Number(b === first) - Number(a === first));
  return layers.flatMap(({ index: layer }) => {
    const network = networkOf(layer);
    if (!network) return [];
    const weights = network.parameters.flatMap(({ name, shape, axes }): Question[] => {
      if (!axes) return [];
      const from = shape.map(() => 0);
      return [{ method: 'weight', query: { layer, name, ...windowOfWeight({ shape, axes, from }) } }];
    });
    const features = network.stages.map(({ name }): Question => ({
      method: 'features',
      query: { example, batch, mode: 'eval', layer, stage: name, offset: 0 },
    }));
    const norms: Question[] =
      network.norms.length > 0 ? [{ method: 'activity', query: { layer, batch, mode: 'eval' } }] : [];
    return [...features, ...norms, ...weights];
  });
}
