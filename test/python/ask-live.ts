/**
 * Asks the inspector's questions of a flow that runs in the Python process that started this one: over the lines of standard
 * input and output. First comes {"recording": base64, "asked": [{"method", "query", "context"?}, …]}; then requests go out and
 * replies come in; last go the answers, or what was said instead.
 */
import { createInterface } from 'node:readline';
import { fromBase64, toBase64 } from '../../src/base/base64';
import { UserError } from '../../src/base/user-error';
import { readSafetensorsBytes } from '../../src/checkpoint/tensors/safetensors';
import { createInspector } from '../../src/engine/inspect/inspector';
import { openRecording } from '../../src/engine/recorded-flow/open-recording';
import type { InspectorMethod } from '../../src/protocol/inspector-questions';
import type { AskFlow } from '../../src/protocol/live';

interface Task {
  recording: string;
  asked: { method: InspectorMethod; query: unknown; context?: number[] }[];
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string) as unknown;
const put = (what: object): void => void process.stdout.write(`${JSON.stringify(what, inJson)}\n`);

function inJson(_: string, value: unknown): unknown {
  if (value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array)
    return Array.from(value, (number) => (Number.isFinite(number) ? number : String(number)));
  return value;
}

async function main(): Promise<void> {
  const task = (await next()) as Task;
  let requests = 0;
  const running: AskFlow = async (request) => {
    requests++;
    const { h, context, ...rest } = request;
    const sent = (values: typeof h) =>
      values && { shape: values.shape, data: toBase64(Float32Array.from(values.data)) };
    put({ request: { ...rest, ...(h && { h: sent(h) }), ...(context && { context: sent(context) }) } });
    const reply = (await next()) as { error?: string; bytes?: string };
    if (reply.error !== undefined) throw new UserError(reply.error);
    return fromBase64(reply.bytes!);
  };
  const stored = await readSafetensorsBytes('recording', fromBase64(task.recording));
  const info = { name: 'onnxruntime', library: '', threads: 1, reason: '' } as const;
  const inspector = createInspector('live', await openRecording(stored, info, { running }));
  const answers: unknown[] = [];
  for (const { method, query, context } of task.asked) {
    const before = requests;
    const answer = await inspector
      .ask(method, query as never, new AbortController().signal, context)
      .catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        return { said: error.message };
      });
    answers.push({ answer, requests: requests - before });
  }
  put({ answers });
}

void main();
