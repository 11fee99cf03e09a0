/** Answers a call of a tool: from the engine that the inspectors share, in words and numbers for a language model. */
import { randomUUID } from 'node:crypto';
import {
  CancellationError,
  type CancellationToken,
  LanguageModelTextPart,
  LanguageModelToolResult,
} from 'vscode';
import type { EngineApi } from '../../protocol/engine';
import { toErrorData } from '../../protocol/wire';
import { log } from '../log';
import type { Services } from '../services';
import { checkInput } from './input';
import { resolveData, resolvePath } from './paths';
import { inParameters, nonFiniteText, scoreText, summaryText } from './report';
import type { ToolName } from './tool-names';

/** @throws Error whose message is for the model: what was given, what is expected, what to do; CancellationError */
export async function invoke(
  services: Services,
  name: ToolName,
  input: unknown,
  token: CancellationToken,
): Promise<LanguageModelToolResult> {
  const lease = services.inspection.acquire();
  const call = randomUUID();
  try {
    if (token.isCancellationRequested) throw new CancellationError();
    const { api } = lease.engine();
    const subscription = token.onCancellationRequested(() => void api.cancel(call).catch(() => undefined));
    try {
      const text = await answer(api, name, input, call);
      return new LanguageModelToolResult([new LanguageModelTextPart(text)]);
    } finally {
      subscription.dispose();
    }
  } catch (error) {
    const { message, userError, cancelled, stack } = toErrorData(error);
    if (cancelled || token.isCancellationRequested) throw new CancellationError();
    log().warn(`${name}: ${userError ? message : (stack ?? message)}`);
    throw new Error(inParameters(message), { cause: error });
  } finally {
    lease.dispose();
  }
}

async function answer(api: EngineApi, name: ToolName, input: unknown, call: string): Promise<string> {
  switch (name) {
    case 'flowscope_summarizeCheckpoint': {
      const { path } = checkInput(name, input);
      return summaryText(await api.summarizeCheckpoint(await resolvePath(path), call));
    }
    case 'flowscope_scoreFile': {
      const { path, data, ...rest } = checkInput(name, input);
      return scoreText(
        await api.scoreFile(
          {
            model: await resolvePath(path),
            ...(data === undefined ? {} : { input: await resolveData(data) }),
            ...rest,
          },
          call,
        ),
      );
    }
    case 'flowscope_findNonFinite': {
      const { path, data, example, count } = checkInput(name, input);
      return nonFiniteText(
        await api.findNonFinite(
          {
            model: await resolvePath(path),
            ...(data === undefined ? {} : { input: await resolvePath(data) }),
            index: example,
            count,
          },
          call,
        ),
      );
    }
  }
}
