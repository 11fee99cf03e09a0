/** What every place that computes offers: run a graph once, or hold state and run functions on it. */
import type { Graph } from '../../graph/ir';
import type { BackendInfo } from '../../protocol/model';
import type { NdArray } from '../../protocol/tensors';

export type Feeds = Record<string, NdArray>;

export interface Program {
  /** Runs the graph. Feeds and results are named as the graph's inputs and outputs. */
  run(feeds: Feeds): Promise<Feeds>;
  dispose(): Promise<void>;
}

/**
 * Several graphs over shared named state (parameters, optimizer moments, running statistics). A graph input named
 * `state:NAME` reads that state; an output named `state:NAME` is assigned to it after all reads. Other inputs and
 * outputs are fed and fetched.
 */
export interface StatefulSpec {
  state: { name: string; shape: readonly number[] }[];
  functions: Record<string, Graph>;
  /** The function in which networks compute in float16, where the backend does that. */
  half?: string;
}

export interface StatefulProgram {
  /** Sets some or all of the state. */
  set(state: Feeds): Promise<void>;
  get(names?: readonly string[]): Promise<Feeds>;
  run(name: string, feeds: Feeds): Promise<Feeds>;
  dispose(): Promise<void>;
}

export interface CompileOptions {
  /** Runs the passes that suit every backend first, as graphs that were just traced and bound want. */
  optimize?: boolean;
  /** Its runs are many or long; work that the user waits for goes first where the backend can tell the two apart. */
  bulk?: boolean;
  /**
   * How many examples are going to go through it in all, roughly. Says too that they do not depend on each other, so that a
   * batch may go in parts.
   */
  examples?: number;
  /** Says which graph it is of which tensors: what was compiled is kept under it, where the backend can, for `restore`. */
  keep?: string;
}

export interface Backend {
  readonly info: BackendInfo;
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** What was compiled before, perhaps by another process, with this `keep`. */
  restore?(keep: string, options?: Pick<CompileOptions, 'bulk'>): Promise<Program | undefined>;
  /** Where there is another backend that may train this machine's models faster. */
  rival?(): Promise<Rival | undefined>;
  /**
   * Steps of a training that are sent before what came of them is asked for, where asking would stop the device: the results of a
   * function stay in its state. By default 1.
   */
  readonly stepsAhead?: number;
  /** What a run of a graph takes, and what it lacks here, in words. Absent where memory is not looked at ahead. */
  room?(graph: Graph): Promise<{ bytes: number; lacking?: string }>;
  /** Whether it computes in float16. By default it does not. */
  hasHalf?(): Promise<boolean>;
  /** Absent where training is not possible yet. */
  compileStateful?(spec: StatefulSpec): Promise<StatefulProgram>;
  dispose(): Promise<void>;
}

/** A step of a model is timed on both; or why that is not worth the time, in words. */
export type Rival = { backend: Backend } | { slow: string };
