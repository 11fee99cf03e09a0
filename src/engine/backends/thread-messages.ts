/** Messages between the engine's thread and a thread that runs ONNX Runtime. */
import type { Graph } from '../../graph/ir';
import type { BackendInfo } from '../../protocol/model';
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
