/**
 * What a flow is: its input, its context, its layers in order from data to latent, and its base. A layer is complete: it
 * carries its split or order, its transform, its conditioner and its norm with their settings. Builders read this alone.
 */
import type { BaseConfig } from '../../config/bases';
import type { FieldLayer } from '../../config/field-layer';
import type { ImageNetConfig, ImageLayerConfig } from '../../config/image-layers';
import type { NetConfig, TransformConfig } from '../../config/layer-parts';
import type { MixingLayer } from '../../config/mixing-layers';
import type { ModelConfig, VectorModelConfig } from '../../config/schema';

export interface FlowSpec {
  /** [D], or [H, W, C] after padding. */
  shape: readonly number[];
  context?: ContextSpec;
  layers: readonly LayerSpec[];
  base: BaseConfig;
}

export type ActivationOptions = Pick<VectorModelConfig, 'activation' | 'slope'>;

export type ContextSpec =
  | {
      kind: 'vector';
      size: number;
      /** By statistics that are stored with the flow. */
      standardized: boolean;
      /** Layers of a network over it; none where conditioners see it as it is. */
      widths: readonly number[];
      activation: ActivationOptions;
      output: 'linear' | 'activated';
    }
  | { kind: 'image'; height: number; width: number; channels: number };

/** Channel orders of a squeeze; layers/squeeze.ts has what they are. */
export type SqueezeOrder = 'channel-major' | 'subpixel-major' | 'row-major';

export interface NormOptions {
  /** Share of the new batch in the running statistics. */
  decay: number;
  /** Added to the variance. */
  epsilon: number;
  /** Whether running variances are divided by n or by n − 1. The variance of the batch itself is biased always. */
  variance: ModelConfig['normVariance'];
  /** Elements that statistics are over. Without a mask all elements move. */
  over: ModelConfig['normOver'];
  statistics: ModelConfig['normStatistics'];
}

export type LayerSpec = { name: string } & (
  | CouplingSpec
  | AutoregressiveSpec
  | SliceSpec
  | { kind: 'batchNorm'; norm: NormOptions }
  | { kind: 'squeeze'; order: SqueezeOrder; within: string }
  | { kind: 'flatten'; within: string }
  /** The second half of the channels in `order` leaves. */
  | { kind: 'factorOut'; order: readonly number[] }
  | MixingLayer
  | Extract<ImageLayerConfig, { kind: 'actNorm' | 'permute' | 'conv1x1' | 'fullConv1x1' | 'haar' | 'prior' }>
);

export interface CouplingSpec {
  kind: 'coupling';
  split: SplitSpec;
  transform: TransformSpec;
  conditioner: ConditionerSpec;
  norm?: NormOptions;
}

export interface AutoregressiveSpec {
  kind: 'autoregressive';
  /** Place of each feature, from 0. */
  order: readonly number[];
  sees: 'input' | 'output';
  transform: TransformSpec;
  conditioner: ConditionerSpec;
  masks: {
    /** Whether a checkpoint has them. */
    stored: boolean;
    /** Whether some hidden units depend on the context alone. */
    contextFirst: boolean;
  };
}

/** A part of the time of a vector field. */
export interface SliceSpec {
  kind: 'slice';
  /** Under which its network's tensors are; slices that share it follow each other. */
  field: string;
  settings: Omit<FieldLayer, 'kind' | 'data' | 'noise' | 'slices'>;
  /** Times at which it begins and ends, from data to noise. */
  from: number;
  to: number;
  /** Whether the network is counted to this slice. */
  first: boolean;
}

export type SplitSpec =
  /** By a bit for each feature or channel, 1 for identity; a network sees the identity part alone, or all of it with zeros. */
  | { kind: 'selected' | 'masked'; mask: readonly number[] }
  /** Pixels whose row + column is even or odd. */
  | { kind: 'checkerboard'; identity: 'even' | 'odd' }
  /** The two halves of the channels. */
  | { kind: 'halves'; identity: 'first' | 'second' };

export interface TransformSpec {
  settings: TransformConfig;
  /** Whether learned scales are regularized (paper, section 4.1). */
  decays: boolean;
}

/** Where the parameters of a transform are in the output of one network. */
export type OutputConvention = Pick<ModelConfig, 'outputOrder' | 'outputLayout'>;

export interface ConditionerSpec {
  net: NetSpec;
  /** One network for all that the transform takes, or one for each. */
  nets: 'joint' | 'separate';
  /** The network of the shift, where it is another one. */
  shiftNet?: NetSpec;
  outputs: OutputConvention;
  /** Whether it sees the context. */
  seesContext: boolean;
  /** Share of the new batch in the running statistics of its norms. */
  normDecay: number;
}

/** Over vectors, of images as in RealNVP, or of channels. */
export type NetSpec =
  | NetConfig
  | {
      kind: 'weightNormalized';
      width: number;
      blocks: number;
      batchNorm: boolean;
      normEpsilon: number;
      /** Whether norms learn a gain besides their bias. */
      normGain: boolean;
      /** Whether the first convolution and the first of each block learn the lengths of their kernels. */
      allLengths: boolean;
      /** Doubles the input. */
      doubling: boolean;
      /** Whether it sees the mask as one more channel. */
      maskChannel: boolean;
    }
  | { kind: 'channels'; net: ImageNetConfig };
