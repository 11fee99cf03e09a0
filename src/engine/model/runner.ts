/** A flow that can be run a batch at a time, whatever file it came from. Values are row-major, channels last. */
import { moveChannels } from '../../base/channels';
import type { NdArray } from '../../protocol/tensors';
import type { ModelConfig } from '../../config/schema';
import type { ContextInfo } from '../../protocol/model';
import type { RunningBase } from './running-base';

/** Order of the axes of image arrays. */
export type Layout = 'nhwc' | 'nchw';

const moved =
  (toLast: boolean) =>
  (values: Float32Array, shape: readonly number[], layout: Layout): Float32Array =>
    layout === 'nhwc' || shape.length !== 3 ? values : moveChannels(values, shape, toLast);

/** Reads [N, C, H, W] as [N, H, W, C]; `shape` is [H, W, C]. Vectors come back as they are. */
export const toChannelsLast = moved(true);

/** The other way round. */
export const fromChannelsLast = moved(false);

/** Shape in that layout of examples of shape [H, W, C] or [D]. */
export function laidOut(shape: readonly number[], layout: Layout): number[] {
  if (layout === 'nhwc' || shape.length !== 3) return [...shape];
  const [height, width, channels] = shape as [number, number, number];
  return [channels, height, width];
}

/** An array whose last axes are the axes of examples of the shape `event`, in that layout. */
export function arrayIn(
  { shape, data }: NdArray<Float32Array>,
  event: readonly number[],
  layout: Layout,
): NdArray<Float32Array> {
  return {
    shape: [...shape.slice(0, shape.length - event.length), ...laidOut(event, layout)],
    data: fromChannelsLast(data, event, layout),
  };
}

/** `flow`: the flow's own input (logits, standardized coordinates). `data`: pixels in [0, levels), raw coordinates. */
export type Space = 'flow' | 'data';

export interface ForwardBatch {
  z: Float32Array;
  /** Nats, one for each example, as are the parts: log-det of the flow, and of the step from data to its input. */
  logDet: Float32Array;
  preprocessing: Float32Array;
  /** ln p(z) of the base. */
  prior: Float32Array;
  /** What each coupling adds to `logDet`: Σ s, and the batch normalization of its output. Empty when not known. */
  couplings: Float32Array[];
  norms: Float32Array[];
}

export interface InverseBatch {
  x: Float32Array;
  /** Nats, of z → x; in data space the step out of the flow's input space is counted. */
  logDet: Float32Array;
}

export interface RunOptions {
  /** How many go this way in all, where others follow. */
  total?: number;
  /** In data units, or in `space` where that is the flow's: one for each example, or one for all; the mean without. */
  context?: ArrayLike<number> | undefined;
}

export interface FlowRunner {
  config: ModelConfig;
  /** Without the batch axis: of the flow's input (padded) and of z. [D] or [H, W, C]. */
  inputShape: readonly number[];
  outputShape: readonly number[];
  /** Absent where it is not known. */
  parameterCount?: number;
  /** The zero-based scale at which each latent leaves; absent where it is not known. */
  latentScales?: Int32Array;
  /** Names of the couplings in forward order; empty where single layers are not known. */
  couplings: readonly string[];
  /** The distribution of z. */
  base: RunningBase;
  /** Whether there is a step from data units to the flow's input. */
  preprocesses: boolean;
  /** Features that are integers: they get noise on their way in, and samples are rounded down. Absent where none is. */
  integers?: readonly number[] | undefined;
  /** Set where a file of other software computes no log-dets; they are NaN then. */
  lacksLogDet?: boolean;
  /**
   * The same flow with z as the file's library gives it, where that has other latents: before learned priors and in its
   * order: [D], or [H, W, C] where all latents leave at once. `prior` of a batch is what the library adds to the log-det for log p(x).
   */
  asLibrary?: FlowRunner;
  /** A flow whose log p is that of a solver, with so many times as many steps. To be disposed of. */
  inSteps?: (times: number) => FlowRunner & { dispose(): Promise<void> };
  /** The context of a flow that takes one. */
  context?: ContextInfo;
  forward(x: Float32Array, count: number, space: Space, rest?: RunOptions): Promise<ForwardBatch>;
  inverse(z: Float32Array, count: number, space: Space, rest?: RunOptions): Promise<InverseBatch>;
}
