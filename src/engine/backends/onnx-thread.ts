/** A thread that writes graphs as ONNX models and runs them: ONNX Runtime computes on the thread that calls it. */
import { createBirpc } from 'birpc';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Program } from './backend';
import { createOnnxRuntimeBackend } from './onnxruntime';
import { messagesOf, type ThreadApi, type ThreadOptions } from './thread-messages';

function serve(): void {
  const port = parentPort;
  if (!port) {
    process.stderr.write(
      'This is a thread of Flowscope’s engine; it is started by the engine, not by hand.\n',
    );
    process.exitCode = 1;
    return;
  }
  const { nice, ...options } = workerData as ThreadOptions;
  // Elsewhere it would be the whole process. What the thread starts, as ONNX Runtime's own, inherits it.
  if (nice !== undefined && process.platform === 'linux') setPriority(nice);
  const backend = createOnnxRuntimeBackend(options);
  // The first question gets the error.
  backend.catch(() => undefined);
  const programs = new Map<number, Program>();
  let next = 1;
  const numbered = (program: Program): number => {
    programs.set(next, program);
    return next++;
  };
  const api: ThreadApi = {
    info: async () => (await backend).info,
    compile: async (graph, compiling) => numbered(await (await backend).compile(graph, compiling)),
    async restore(keep) {
      const program = await (await backend).restore?.(keep);
      return program && numbered(program);
    },
    run: (program, feeds) => programs.get(program)!.run(feeds),
    async dispose(program) {
      await programs.get(program)?.dispose();
      programs.delete(program);
    },
  };
  createBirpc<object, ThreadApi>(api, messagesOf(port));
}

serve();
