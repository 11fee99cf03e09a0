/** The passes of each target, in order. Compilers run these lists, and `flowscope graph` shows them. */
import type { Graph, Node } from '../ir';
import { joinReorderings, useBlocks } from '../layouts/blocked/blocked';
import { joinChannelNorms } from '../passes/channel-norms';
import { halveCheckerboards } from '../passes/checkerboards';
import { computeGradientsEarly } from '../passes/gradients-early';
import { writeOutSlowFunctions } from '../passes/slow-functions';
import { useChannelsFirst } from '../layouts/channels-first';
import { convolveTiles, liesInRows } from '../layouts/rows/rows';
import { mergeCommonSubexpressions } from '../passes/common-subexpressions';
import { composeConvolutions } from '../passes/compose-convolutions';
import { removeDeadCode, type Pipeline } from '../passes/pass';
import { expandBatchNorm } from '../passes/expand-batch-norm';
import { useFewBuffers } from '../passes/few-buffers';
import { foldAffine } from '../passes/fold-affine';
import { foldConstants } from '../passes/fold-constants';
import { followSelections } from '../passes/follow-selections';
import { joinParts } from '../passes/join-parts';
import { joinSums } from '../passes/join-sums';
import { recomputeActivations } from '../passes/recompute-activations';
import { simplify } from '../passes/simplify';
import { splitProducts } from '../passes/split-products';
import { multiplyPointwise } from '../passes/pointwise-products';
import { takeSlices } from '../passes/slices';
import { takeWeightNorms } from '../passes/weight-norms';
import { tileTraining } from '../layouts/exchanged/exchanged';

/** What suits every backend, and what other passes leave is cleaned up with. */
export const cleanup: Pipeline = [
  removeDeadCode,
  { most: 4, passes: [simplify, foldConstants, followSelections, mergeCommonSubexpressions, removeDeadCode] },
  joinParts,
];

/** A flow and its inverse in one graph share their weights: what is made of them is merged first and computed once. */
export const mergeAndCleanUp: Pipeline = [mergeCommonSubexpressions, ...cleanup];

/** Fewest channels: with fewer, convolutions in tiles take as long as TensorFlow's own, or longer. */
const tiledChannels = 128;

/** Fused normalization takes longer for fewer than its parts together: 0.24 ms for 4096 values of one channel. */
const fusedChannels = 8;

/** Graphs without state on TensorFlow. */
export const tensorFlowProgram: Pipeline = [...cleanup, foldAffine];

/** Functions over state, such as a training step, on TensorFlow. */
export const tensorFlowStateful: Pipeline = [
  ...cleanup,
  expandBatchNorm({ below: fusedChannels }),
  mergeCommonSubexpressions,
  recomputeActivations({ waits: true }),
  tileTraining({ leastChannels: tiledChannels }),
  multiplyPointwise,
  removeDeadCode,
];

/** Each module of a flow that is printed as PyTorch. */
export const torchModule: Pipeline = [...mergeAndCleanUp, takeSlices, takeWeightNorms, removeDeadCode];

export interface OnnxTarget {
  /**
   * Channels in a block, for models that the ONNX Runtime of this machine runs: convolutions with filters that are not constant
   * are written in its own blocked layout, and with `rearrange` those by tiles. Others are of core operators only.
   */
  block?: number | undefined;
  /** Convolutions and products are joined and divided where that is faster to run. Without, they are the model's. */
  rearrange?: boolean;
  /** For the WebGPU provider of ONNX Runtime. */
  gpu?: boolean;
}

export function onnxPasses({ block, rearrange = false, gpu = false }: OnnxTarget): Pipeline {
  const hasBlocks = block !== undefined;
  return [
    ...mergeAndCleanUp,
    recomputeActivations({ waits: false }),
    ...(hasBlocks ? [useBlocks(block)] : []),
    expandBatchNorm(),
    ...mergeAndCleanUp,
    foldAffine,
    ...(rearrange ? rearranging(block) : []),
    useChannelsFirst,
    ...mergeAndCleanUp,
    ...(hasBlocks ? [joinReorderings] : []),
    ...(gpu ? [useFewBuffers] : [joinChannelNorms]),
    removeDeadCode,
    computeGradientsEarly,
  ];
}

function rearranging(block: number | undefined): Pipeline {
  const composed = [splitProducts, joinSums, composeConvolutions, writeOutSlowFunctions];
  if (block === undefined) return [...composed, halveCheckerboards()];
  // Phases of what lies row by row cost more than they save.
  const isBetweenTiles = (node: Node, graph: Graph): boolean => liesInRows(node, graph, block);
  return [...composed, halveCheckerboards(isBetweenTiles), convolveTiles(block)];
}
