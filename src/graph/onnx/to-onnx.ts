/** Writes a graph as an ONNX model. */
import { onnx } from 'onnx-proto';
import type { Graph, Node, Value } from '../ir';
import { composeConvolutions } from '../passes/compose-convolutions';
import { removeDeadCode } from '../passes/dead-code';
import { expandBatchNorm } from '../passes/expand-batch-norm';
import { foldAffine } from '../passes/fold-affine';
import { mergeCommonSubexpressions } from '../passes/common-subexpressions';
import { optimize } from '../passes/optimize';
import { recomputeActivations } from '../passes/recompute-activations';
import { joinSums } from '../passes/join-sums';
import { splitProducts } from '../passes/split-products';
import { isDynamic } from '../recorder';
import { blockedDomain } from './blocked/emit';
import { joinReorderings, useBlocks } from './blocked/use-blocks';
import { halveCheckerboards } from './checkerboards';
import { joinChannelNorms } from './channel-norms';
import { liesInRows } from './winograd/suits';
import { convolveTiles } from './winograd/use-rows';
import { computeGradientsEarly } from './gradients-early';
import { useChannelsFirst } from './layout';
import { onnxType } from './messages';
import { emitOnnx } from './operators';
import { OnnxWriter } from './writer';

export interface OnnxOptions {
  /** Name of the graph inside the model, for example "forward". */
  name: string;
  /** Written to `metadata_props`. */
  metadata?: Readonly<Record<string, string>>;
  producerVersion?: string;
  docString?: string;
  /**
   * Channels in a block, for models that the ONNX Runtime of this machine runs: convolutions with filters that are not constant
   * are written in its own blocked layout, and with `rearrange` those by tiles. Others are of core operators only.
   */
  block?: number | undefined;
  /** Convolutions and products are joined and divided where that is faster to run. Without, they are the model's. */
  rearrange?: boolean;
}

/**
 * The bytes of an ONNX model, opset 17, core operators only. Dimensions that depend on the batch are named "N"; nodes are
 * named by their scopes and initializers by `graph.constantNames`.
 *
 * @throws UserError for kernels without an ONNX form.
 */
export function toOnnx(graph: Graph, options: OnnxOptions): Uint8Array {
  return writeOnnx(prepareForOnnx(graph, options), options);
}

/** The graph as ONNX gets it: all passes done. */
export function prepareForOnnx(
  graph: Graph,
  { block, rearrange }: Pick<OnnxOptions, 'block' | 'rearrange'>,
): Graph {
  // A flow and its inverse in one graph share their weights: what is made of them is merged first and computed once.
  const merged = recomputeActivations({ waits: false })(optimize(mergeCommonSubexpressions(graph)));
  const blocked = block === undefined ? merged : useBlocks(block)(merged);
  const folded = foldAffine(optimize(mergeCommonSubexpressions(expandBatchNorm()(blocked))));
  const convolutions = rearrange ? arrangeForRunning(folded, block) : folded;
  const arranged = optimize(mergeCommonSubexpressions(useChannelsFirst(convolutions)));
  const joined = block === undefined ? arranged : joinReorderings(arranged);
  return computeGradientsEarly(removeDeadCode(joinChannelNorms(joined)));
}

/** @param prepared by `prepareForOnnx` with the same options */
export function writeOnnx(prepared: Graph, options: OnnxOptions): Uint8Array {
  const writer = new OnnxWriter(prepared);
  for (const node of prepared.nodes) emitOnnx(node, writer);
  for (const { name, value } of prepared.outputs) {
    if (writer.nameOf(value) !== name) {
      writer.nodes.push({
        name: `${name}/Identity`,
        opType: 'Identity',
        input: [writer.nameOf(value)],
        output: [name],
      });
    }
  }
  const info = (name: string, id: number): onnx.IValueInfoProto =>
    valueInfo(name, prepared.values.get(id)!, prepared);
  const message = onnx.ModelProto.create({
    irVersion: onnx.Version.IR_VERSION,
    producerName: 'Flowscope',
    producerVersion: options.producerVersion ?? '',
    docString: options.docString ?? '',
    opsetImport: [
      { domain: '', version: 17 },
      ...(options.block === undefined ? [] : [{ domain: blockedDomain, version: 1 }]),
    ],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name,
      node: writer.nodes,
      initializer: writer.initializers,
      input: prepared.inputs.map(({ name, value }) => info(name, value)),
      output: prepared.outputs.map(({ name, value }) => info(name, value)),
    },
  });
  return onnx.ModelProto.encode(message).finish();
}

function arrangeForRunning(graph: Graph, block: number | undefined): Graph {
  const composed = composeConvolutions(joinSums(splitProducts(graph)));
  if (block === undefined) return halveCheckerboards()(composed);
  // Phases of what lies row by row cost more than they save.
  const isBetweenTiles = (node: Node, of: Graph): boolean => liesInRows(node, of, block);
  return convolveTiles(block)(halveCheckerboards(isBetweenTiles)(composed));
}

function valueInfo(name: string, { shape, dtype }: Value, { dynamicBatch }: Graph): onnx.IValueInfoProto {
  const dim = shape.map((size) => {
    if (!isDynamic(size, dynamicBatch)) return { dimValue: size };
    return { dimParam: size === dynamicBatch ? 'N' : `${size / dynamicBatch!}*N` };
  });
  return { name, type: { tensorType: { elemType: onnxType[dtype], shape: { dim } } } };
}
