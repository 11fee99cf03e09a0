/** Vector flows as chains of layers from data to latent: from a library's list of layers to our config. */
import { UserError } from '../../base/user-error';
import type { Named } from '../../config/layer-folders';
import { netOfModel, transformOfModel } from '../../config/model-parts';
import { parseStoredConfig } from '../../config/parse';
import type { ModelInput, VectorInput, VectorModelConfig } from '../../config/schema';

export type ChainLayer = NonNullable<VectorModelConfig['layers']>[number];
export type NamedLayer = Named<ChainLayer>;
export type VectorFields = Partial<Omit<VectorInput, 'kind' | 'dim' | 'layers'>>;

/** What a layer may have for itself besides its structure. */
const parts: readonly string[] = [
  ...['transform', 'net', 'shiftNet', 'nets', 'conditioning', 'outputOrder', 'outputLayout'],
];

export const hasOwnParts = (layer: ChainLayer): boolean =>
  Object.keys(layer).some((key) => parts.includes(key));

/**
 * The config of a chain, complete: with `couplings`, `mask`, `polarity` and `between` where they can say it, which is
 * what a person would write, else with the layers written out.
 */
export function chainModel(
  dim: number,
  chain: readonly ChainLayer[],
  fields: VectorFields,
  fileName: string,
): VectorModelConfig {
  const model: ModelInput = {
    kind: 'vector',
    dim,
    ...fields,
    ...(inShort(dim, chain) ?? { layers: [...chain] }),
  };
  return parseStoredConfig({ model }, fileName).model as VectorModelConfig;
}

/** Fields of a model that a layer may have for itself, or that say which layers there are. */
const ofLayers: ReadonlySet<string> = new Set([
  ...['layers', 'layer', 'sees', 'couplings', 'between', 'reflections', 'base', 'transform'],
  ...['mask', 'maskSeed', 'polarity', 'permutation', 'permutationSeed'],
  ...['net', 'hidden', 'blocks', 'blockStart', 'denseSkips', 'denseNorm', 'netNorm', 'activation', 'slope'],
  ...['nets', 'conditioning', 'contextEntry', 'contextInBlocks', 'outputOrder', 'outputLayout'],
  ...['affine', 'scaleMap', 'scaleEpsilon', 'scaleClamp', 'scaleMean', 'bins', 'splineBound', 'splineCenter'],
  ...['splineEnds', 'splineDirection', 'splineMap', 'splineFloor', 'splineSlope', 'splineInterval'],
]);

/** Fields that autoregressive layers alone have. */
const ofMasks: ReadonlySet<string> = new Set(['contextFirst', 'madeMasks']);

/**
 * A layer with the transform and the network that the fields describe.
 * @param others what the model says of the other layers
 * @param words "flows.3 differs from flows.0"
 * @throws UserError where the fields differ in what all layers of a flow share
 */
export function withOwnParts(
  layer: ChainLayer,
  {
    dim,
    fields,
    others,
    file,
    words,
  }: { dim: number; fields: VectorFields; others: VectorFields; file: string; words: string },
): ChainLayer {
  if (layer.kind !== 'coupling' && layer.kind !== 'autoregressive') return layer;
  const model = completed(dim, layer, fields, file);
  const shared: Readonly<Record<string, unknown>> = completed(dim, layer, others, file);
  const other = Object.entries(model).find(
    ([field, value]) =>
      !(ofLayers.has(field) || (layer.kind === 'coupling' && ofMasks.has(field))) &&
      JSON.stringify(value) !== JSON.stringify(shared[field]),
  );
  if (other || model.shiftActivation !== undefined)
    throw new UserError(
      `${file}: ${words} in ${other?.[0] ?? 'shiftActivation'}, which is the same for all layers of a flow here.`,
    );
  const transform = transformOfModel(model);
  const { scaleClamp, ...structure } =
    layer.kind === 'coupling' ? layer : { ...layer, scaleClamp: undefined };
  const { nets, outputOrder, outputLayout, conditioning } = model;
  return {
    ...structure,
    transform:
      transform.kind === 'affine' && scaleClamp !== undefined ? { ...transform, scaleClamp } : transform,
    ...{ net: netOfModel(model), nets, outputOrder, outputLayout },
    ...(structure.kind === 'coupling' ? { conditioning } : {}),
  };
}

/** The model of a flow of one layer. */
const completed = (dim: number, layer: ChainLayer, fields: VectorFields, file: string): VectorModelConfig =>
  parseStoredConfig({ model: { kind: 'vector', dim, ...fields, layers: [layer] } }, file)
    .model as VectorModelConfig;

function inShort(dim: number, chain: readonly ChainLayer[]): VectorFields | undefined {
  const masks = chain.flatMap((layer) => (layer.kind === 'coupling' ? [layer.mask] : []));
  const first = masks[0];
  if (!first) return undefined;
  if (
    chain.some((layer) => hasOwnParts(layer) || (layer.kind === 'coupling' && layer.scaleClamp !== undefined))
  )
    return undefined;
  const second = chain[1]?.kind;
  const between = second === 'batchNorm' || second === 'actNorm' || second === 'lu' ? second : 'none';
  const period = between === 'none' ? 1 : 2;
  const regular = chain.every(({ kind }, i) => kind === (i % period === 0 ? 'coupling' : between));
  if (!regular || chain.length !== masks.length * period) return undefined;

  const alternating = masks.every((mask, number) =>
    mask.every((bit, i) => bit === (number % 2 === 0 ? first[i]! : 1 - first[i]!)),
  );
  const mask = (['alternate', 'halves'] as const).find((pattern) =>
    first.every((bit, i) => (bit === first[0]) === inFirst(pattern, i, dim)),
  );
  if (!alternating || !mask) return undefined;
  return {
    couplings: masks.length,
    mask,
    polarity: first[0] === 1 ? 'first-conditions' : 'first-moves',
    between,
  };
}

/** Whether a feature belongs to those that feature 0 belongs to, as masks.ts of the flow has it. */
function inFirst(pattern: 'alternate' | 'halves', feature: number, dim: number): boolean {
  return pattern === 'alternate' ? feature % 2 === 0 : feature < Math.ceil(dim / 2);
}
