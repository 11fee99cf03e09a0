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
import type { NonFiniteQuery, ScoreFileQuery } from '../../protocol/assistant';
import type { EngineApi } from '../../protocol/engine';
import { toErrorData } from '../../protocol/wire';
import { dataEngine } from '../engine/data-engine';
import type { InspectionEngines } from '../engine/inspection-engines';
import type { SharedEngine } from '../engine/shared-engine';
import { log } from '../log';
import type { Services } from '../services/services';
import { checkInput } from './input';
import { resolveData, resolvePath } from './paths';
import { inParameters, nonFiniteText, scoreText, summaryText } from './report';
import type { ToolName } from './tool-names';

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
    const lease = (await engineFor(services.inspection, query)).acquire();
    const { api } = lease.engine();
    const call = randomUUID();
    const subscription = token.onCancellationRequested(() => void api.cancel(call).catch(() => undefined));
    try {
      const text = await answer(api, query, call);
      return new LanguageModelToolResult([new LanguageModelTextPart(text)]);
    } finally {
      subscription.dispose();
      lease.dispose();
    }
  } catch (error) {
    const { message, userError, cancelled, stack } = toErrorData(error);
    if (cancelled || token.isCancellationRequested) throw new CancellationError();
    log().warn(`${name}: ${userError ? message : (stack ?? message)}`);
    throw new Error(inParameters(message), { cause: error });
  }
}

/** What is asked, of files that are there. */
type Query =
  | { name: 'flowscope_summarizeCheckpoint'; model: string }
  | { name: 'flowscope_scoreFile'; model: string; asked: Omit<ScoreFileQuery, 'model'> }
  | { name: 'flowscope_findNonFinite'; model: string; asked: Omit<NonFiniteQuery, 'model'> };

async function resolved(name: ToolName, input: unknown): Promise<Query> {
  switch (name) {
    case 'flowscope_summarizeCheckpoint': {
      const { path } = checkInput(name, input);
      return { name, model: await resolvePath(path) };
    }
    case 'flowscope_scoreFile': {
      const { path, data, ...rest } = checkInput(name, input);
      const given = data === undefined ? {} : { input: await resolveData(data) };
      return { name, model: await resolvePath(path), asked: { ...given, ...rest } };
    }
    case 'flowscope_findNonFinite': {
      const { path, data, example, count } = checkInput(name, input);
      const given = data === undefined ? {} : { input: await resolvePath(data) };
      return { name, model: await resolvePath(path), asked: { ...given, index: example, count } };
    }
  }
}

/** A folder is one of our runs. Where the model is ours and the data are not, the data may be anything. */
async function engineFor(engines: InspectionEngines, query: Query): Promise<SharedEngine> {
  const isFolder = (await workspace.fs.stat(Uri.file(query.model))).type & FileType.Directory;
  const ofModel = isFolder ? engines : engines.of(Uri.file(query.model));
  const data = 'asked' in query ? query.asked.input : undefined;
  return ofModel === engines && data !== undefined ? dataEngine(engines, data) : ofModel;
}

async function answer(api: EngineApi, query: Query, call: string): Promise<string> {
  const { name, model } = query;
  switch (name) {
    case 'flowscope_summarizeCheckpoint':
      return summaryText(await api.summarizeCheckpoint(model, call));
    case 'flowscope_scoreFile':
      return scoreText(await api.scoreFile({ model, ...query.asked }, call));
    case 'flowscope_findNonFinite':
      return nonFiniteText(await api.findNonFinite({ model, ...query.asked }, call));
  }
}
