/** What an inspector asks of a flow that runs elsewhere: in a notebook's kernel, or in a program that a debugger has stopped. */
import type { NdArray } from './tensors';

/**
 * `inside`: a recording of the examples h [N, …]. `forward`: h before layer `from` through this layer and those after it.
 * `backward`: h after the layers before `from` back to x. `draw`: `count` latents of the base. `record`: the batch again, with the weights of
 * now. `state`: nothing but whether the recording still is of these weights; `wake`: the same, from a page that was opened again.
 */
export interface FlowRequest {
  op: 'inside' | 'forward' | 'backward' | 'draw' | 'record' | 'state' | 'wake';
  from?: number;
  h?: NdArray<Float32Array>;
  context?: NdArray<Float32Array>;
  count?: number;
  seed?: number;
  /** Whatever it costs. */
  anyway?: boolean;
}

/** One of `bytes`, `changed`, `asleep`, `costs` and `error`, or none for `state`. */
export interface FlowReply {
  /** Names the state of the parameters and buffers; another one after each change. */
  version: string;
  /** A safetensors file. */
  bytes?: Uint8Array;
  /** The parameters have changed since the recording, so nothing was computed. */
  changed?: boolean;
  /** The page was opened again, and is answered when its reader wants it. */
  asleep?: boolean;
  /** Seconds that the answer would take. */
  costs?: number;
  /** What the flow raised. */
  error?: string;
}

/** What a page sends to the kernel or the debugger that holds the flow. */
export interface FlowMessage {
  /** Tells several pages in one notebook apart. */
  flowscope: string;
  id: number;
  /** Another one each time that the page is loaded. */
  load: string;
  /** A `FlowRequest` with the version of the recording, as JSON. */
  request: string;
}

/** The bytes of a reply. @throws UserError where there are none */
export type AskFlow = (request: FlowRequest) => Promise<Uint8Array>;
