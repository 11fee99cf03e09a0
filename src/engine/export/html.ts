/** Saves an inspection as one HTML page that needs nothing else: the inspector's own page with recorded answers. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../config/user-error';
import { writeAtomically } from '../../files/atomic';
import { inspectorHtml } from '../../inspector-html/shell';
import type { InspectorMethod, InspectorQuery } from '../../protocol/inspect';
import type { ModelSummary } from '../../protocol/model';
import { recordPlan } from '../../protocol/questions';
import { encodeRecorded } from '../../protocol/recorded';
import type { RunCurves } from '../../protocol/run';
import { recordKey, type RecordedPage } from '../../protocol/webview';
import type { Inspector } from '../inspect/inspector';
import { breathe } from '../inspect/pass';
import type { OpenModel } from '../model/open-model';

export interface HtmlOptions {
  signal?: AbortSignal;
  /** `fraction` in [0, 1]. */
  onProgress?: (progress: { message: string; fraction: number }) => void;
}

/**
 * @param output path of the page; a name without an ending gets .html
 * @throws UserError when the page cannot be written, CancelledError
 */
export async function exportHtml(
  { model, inspector }: { model: OpenModel; inspector: Inspector },
  output: string,
  options: HtmlOptions = {},
): Promise<{ path: string; bytes: number }> {
  const { signal = new AbortController().signal, onProgress } = options;
  const file = path.extname(output) ? path.resolve(output) : `${path.resolve(output)}.html`;
  const { script, style } = await pageFiles();
  const summary = await inspector.ask('summary', undefined, signal);
  const page = await recordAnswers(inspector, summary, signal, onProgress);
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
  return { path: file, bytes: bytes.length };
}

/** Answers to the questions that the page asks first; where there is none, the reason, which the page gives there. */
async function recordAnswers(
  inspector: Inspector,
  summary: ModelSummary,
  signal: AbortSignal,
  onProgress: HtmlOptions['onProgress'],
): Promise<RecordedPage> {
  const { choices, questions } = recordPlan(summary);
  const answers: Record<string, unknown> = {};
  const reasons: Record<string, string> = {};
  for (const [i, { method, query }] of questions.entries()) {
    await breathe(signal);
    onProgress?.({ message: `Recording ${method}`, fraction: i / questions.length });
    const key = recordKey(method, query);
    try {
      answers[key] =
        method === 'summary'
          ? portable(summary)
          : method === 'curves'
            ? portableRun((await answer(inspector, method, query, signal)) as RunCurves | null)
            : await answer(inspector, method, query, signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons[key] = withoutFolder(error.message, summary);
    }
  }
  return { version: 1, answers, reasons, choices };
}

function answer(
  inspector: Inspector,
  method: InspectorMethod,
  query: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  return inspector.ask(method, query as InspectorQuery<typeof method>, signal);
}

function withoutFolder(message: string, { path: file, fileName }: ModelSummary): string {
  return message.replaceAll(file, fileName).replaceAll(path.dirname(file) + path.sep, '');
}

function portableRun(run: RunCurves | null): RunCurves | null {
  return (
    run && {
      ...run,
      folder: path.basename(run.folder),
      checkpoints: run.checkpoints.map((checkpoint) => ({
        ...checkpoint,
        path: path.basename(checkpoint.path),
      })),
    }
  );
}

/** A page travels: where the file lay on this machine is left out. */
function portable(summary: ModelSummary): ModelSummary {
  const { runFolder, ...rest } = summary;
  return {
    ...rest,
    path: summary.fileName,
    ...(runFolder ? { runFolder: path.basename(runFolder) } : {}),
    checkpoints: summary.checkpoints.map((checkpoint) => ({
      ...checkpoint,
      path: path.basename(checkpoint.path),
    })),
  };
}

/** The page's script and styles, beside the bundle in the product, in dist/ when tests run from the repository. */
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
  return script.replace(/\n\/\/# sourceMappingURL=data:[^\n]*\s*$/, '\n');
}
