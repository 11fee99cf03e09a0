/**
 * ONNX Runtime on threads of its own, so that the engine's thread answers while something computes: one thread for work
 * that the user waits for, and one for long work.
 */
import type { Backend, CompileOptions, Program } from './backend';
import { compileOn, restoreOn, startThread, type Thread } from './onnx-helper';
import type { ThreadOptions } from './thread-messages';

/**
 * @param script of `onnx-thread.ts`, built
 * @throws where there is no ONNX Runtime for this platform
 */
export async function createThreadedOnnxRuntime(
  script: string,
  options: Pick<ThreadOptions, 'threads' | 'reason' | 'cache'>,
): Promise<Backend> {
  // Others compute at the same time, and threads that spin while they wait would take the processors from them.
  const threadOptions = { ...options, spin: false };
  // The windows, and the opening of another model, go before both.
  const prompt = startThread(script, { ...threadOptions, nice: 5 });
  let bulk: Thread | undefined;
  try {
    const info = await prompt.api.info();
    const lanes = createLanes();
    const place = ({ bulk: long = false }: CompileOptions): { thread: Thread; lane: Lane } =>
      long
        ? {
            thread: (bulk ??= startThread(script, { ...threadOptions, nice: 15, helper: script })),
            lane: lanes.later,
          }
        : { thread: prompt, lane: lanes.now };
    return {
      info,
      async compile(graph, compiling = {}) {
        const { thread, lane } = place(compiling);
        return inLane(await lane(() => compileOn(thread, graph, compiling)), lane);
      },
      async restore(keep, restoring = {}) {
        const { thread, lane } = place(restoring);
        const program = await lane(() => restoreOn(thread, keep));
        return program && inLane(program, lane);
      },
      async dispose() {
        await Promise.all([prompt.stop(), bulk?.stop()]);
      },
    };
  } catch (error) {
    await prompt.stop();
    throw error;
  }
}

type Lane = <T>(call: () => Promise<T>) => Promise<T>;

/** Two ways to make a call: at once, or as soon as none of the others is under way. The processors are shared by both. */
function createLanes(): { now: Lane; later: Lane } {
  const pending = new Set<Promise<unknown>>();
  return {
    async now(call) {
      const promise = call();
      pending.add(promise);
      try {
        return await promise;
      } finally {
        pending.delete(promise);
      }
    },
    async later(call) {
      while (pending.size > 0) await Promise.allSettled(pending);
      return call();
    },
  };
}

function inLane({ run, dispose }: Program, lane: Lane): Program {
  return { run: (feeds) => lane(() => run(feeds)), dispose };
}
