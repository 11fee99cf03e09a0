/** ONNX Runtime on another thread: starts `onnx-thread.ts`, and runs programs there. */
import { createBirpc } from 'birpc';
import { Worker } from 'node:worker_threads';
import { keptOf } from '../../base/kept';
import type { ConstantData, Graph } from '../../graph/ir';
import { refuseTelemetry } from '../../base/no-telemetry';
import { exactBuffer } from '../../protocol/wire';
import type { CompileOptions, Feeds, Program } from './backend';
import { messagesOf, type ThreadApi, type ThreadOptions } from './thread-messages';

export interface Thread {
  api: ThreadApi;
  stop(): Promise<void>;
}

/** @param script of `onnx-thread.ts`, built */
export function startThread(script: string, options: ThreadOptions): Thread {
  refuseTelemetry();
  const worker = new Worker(script, { workerData: options, name: 'onnx', execArgv: [] });
  let failure: Error | undefined;
  const rpc = createBirpc<ThreadApi>(
    {},
    {
      ...messagesOf(worker),
      post: (message) => {
        if (failure) throw failure;
        worker.postMessage(message);
      },
    },
  );
  const end = (reason: string): void => {
    const error = (failure ??= new Error(`The thread that runs ONNX Runtime ended: ${reason}`));
    void rpc.$rejectPendingCalls(({ reject }) => {
      reject(error);
    });
  };
  worker.on('error', (error) => end(error.message));
  worker.on('exit', (code) => end(`exit code ${code}`));
  return {
    api: rpc,
    async stop() {
      await worker.terminate();
    },
  };
}

export async function compileOn({ api }: Thread, graph: Graph, options: CompileOptions): Promise<Program> {
  const constants = new Map([...graph.constants].map(([id, data]) => [id, shared(data)]));
  return programOf(api, await api.compile({ ...graph, constants }, options));
}

export async function restoreOn({ api }: Thread, keep: string): Promise<Program | undefined> {
  const program = await api.restore(keep);
  return program === undefined ? undefined : programOf(api, program);
}

function programOf(api: ThreadApi, program: number): Program {
  return { run: (feeds) => api.run(program, ownBuffers(feeds)), dispose: () => api.dispose(program) };
}

/** Parameters in memory that the threads read as well: for each of a model's programs, 80 MB would be copied otherwise. */
const shared = keptOf((data: ConstantData): ConstantData => {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const Typed = data.constructor as new (buffer: SharedArrayBuffer) => ConstantData;
  const copy = new Typed(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
});

/** A view would take all of what it looks at along. */
function ownBuffers(feeds: Feeds): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [name, { shape, data: exactBuffer(data) }]),
  );
}
