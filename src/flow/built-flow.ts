/** The flow as a list of rows in forward order: what the command line, the exporter and the inspector name and show. */
import type { LayerInfo } from '../protocol/model';
import type { Base } from './bases/types';
import type { Bijection } from './core/bijection';
import type { ContextInput } from './nets/context';
import type { Mask } from './core/masks';
import type { LayerSpec } from './core/spec';

/** A row of any flow, also of one that was found in a graph. */
export interface LayerRow extends Pick<LayerInfo, 'name' | 'kind' | 'scale' | 'coupling' | 'hasNorm'> {
  inputShape: readonly number[];
  outputShape: readonly number[];
  /** Couplings and other layers that work alone; a factor-out only divides. */
  bijection?: Bijection;
  mask?: Mask;
  /** The features of an autoregressive layer from the first to the last. */
  order?: readonly number[];
  /** Place of each feature; features that share one do not depend on each other. */
  places?: readonly number[];
  /** For each element of the layer's input, its element in the flow's input (row-major). */
  positions: Int32Array;
}

export interface FlowLayer extends LayerRow {
  spec: LayerSpec;
}

export interface Flow extends Bijection {
  /** Absent where the flow takes none. */
  readonly context?: ContextInput;
  readonly layers: readonly FlowLayer[];
  /** Elements of z that leave a chain over images together, channels first, in the order in which they leave. */
  readonly latentParts?: readonly Int32Array[];
  /** The distribution of z; its parameters are among the flow's parameters. */
  readonly base: Base;
}
