/** Messages between the engine's thread and a thread that runs ONNX Runtime. */
import type { ChannelOptions } from 'birpc';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Graph } from '../../graph/ir';
import type { BackendInfo } from '../../protocol/model';
import { decodeEnvelope, encodeEnvelope } from '../../protocol/wire';
import type { CompileOptions, Feeds } from './backend';
import type { ProgramCacheOptions } from './program-cache';

/** Given to the thread when it starts. */
export interface ThreadOptions {
  threads: number;
  reason: string;
  /** The thread's niceness, where threads have their own, which is on Linux; by default the starting thread's. */
  nice?: number;
  /** See `createOnnxRuntimeBackend`. */
  spin: boolean;
  helper?: string;
  cache?: ProgramCacheOptions;
}

export interface ThreadApi {
  /** @throws where there is no ONNX Runtime for this platform */
  info(): Promise<BackendInfo>;
  /** Resolves to the number under which the program is run and disposed of. */
  compile(graph: Graph, options: CompileOptions): Promise<number>;
  /** As `compile`; undefined where nothing was kept. */
  restore(keep: string): Promise<number | undefined>;
  run(program: number, feeds: Feeds): Promise<Feeds>;
  dispose(program: number): Promise<void>;
}

/** How calls and answers go to the other end, and come from it. */
export const messagesOf = (end: MessagePort | Worker): ChannelOptions & { timeout: number } => ({
  post: (message) => end.postMessage(message),
  on: (listener) => void end.on('message', listener),
  off: (listener) => void end.off('message', listener),
  serialize: encodeEnvelope,
  deserialize: decodeEnvelope,
  timeout: -1,
});
