import { subscript } from '../../../src/base/digits';
import {
  isNorm,
  mixedBefore,
  mixingKinds,
  timesText,
  type LayerInfo,
  type ModelSummary,
} from '../../../src/protocol/model';
import { whatMoves } from '../../../src/protocol/layer-moves';
import { isCoupling } from '../../../src/protocol/questions';
import { shapeText } from '../format/numbers';
import { words } from '../words';

/** Number of a layer among the numbered ones: couplings, or autoregressive layers where there are none. */
export function layerNumber(layer: LayerInfo, { layers }: ModelSummary): number | undefined {
  if (isCoupling(layer)) return layer.coupling! + 1;
  if (layer.kind !== 'autoregressive' || layers.some(isCoupling)) return undefined;
  return layers.filter(({ kind, index }) => kind === 'autoregressive' && index <= layer.index).length;
}

/** What the layers that change volumes are together, without norms; undefined where none does. */
export function layersName({ layers }: ModelSummary): string | undefined {
  const volumeLayers = layers.filter(changesVolume);
  if (volumeLayers.length === 0) return undefined;
  return volumeLayers.every(isCoupling) ? words.couplingsPart : words.layersPart;
}

/** What the norms of a model are together; undefined where it has none. */
export function normsName({ layers }: ModelSummary): string | undefined {
  if (layers.some(({ hasNorm, kind }) => hasNorm || kind === 'batchNorm')) return words.norm;
  return layers.some(isNorm) ? words.actNorm : undefined;
}

/** A layer that is learned: a coupling, an autoregressive layer, a mixing, a prior, a slice of a vector field. */
export function isLearned(layer: LayerInfo): boolean {
  return (
    isCoupling(layer) ||
    layer.kind === 'autoregressive' ||
    layer.kind === 'prior' ||
    layer.kind === 'slice' ||
    layer.slice !== undefined ||
    mixingKinds.includes(layer.kind)
  );
}

/** Whether a layer of the flow changes volumes otherwise than by batch norm. */
export function changesVolume(layer: LayerInfo): boolean {
  const prepares = layer.kind === 'logit' || layer.kind === 'pixels' || layer.kind === 'standardize';
  return !layer.preservesVolume && !isNorm(layer) && !prepares;
}

/** Whether what the layer adds to log p(x), but for norms, is the sum of its log scales, if anything. */
export function isSumOfScales(layer: LayerInfo): boolean {
  if (!changesVolume(layer)) return true;
  return layer.quantities?.some(({ role }) => role === 'logScale') ?? layer.kind === 'unknown';
}

/** @param model where a number tells layers that are no couplings apart: "Autoregressive 2" */
export function layerTitle(layer: LayerInfo, model?: ModelSummary): string {
  return layer.called ?? named(layer, model);
}

function named(layer: LayerInfo, model?: ModelSummary): string {
  if (layer.coupling !== undefined) return words.coupling(layer.coupling + 1);
  if (layer.times) return timesText(layer.times);
  const number = model && layerNumber(layer, model);
  return `${words.kindNames[layer.kind]}${number === undefined ? '' : ` ${number}`}`;
}

/** A layer's title within a sentence: "coupling 4", "logit". */
export function layerPhrase(layer: LayerInfo, model?: ModelSummary): string {
  return layer.called ?? words.inSentence(named(layer, model));
}

/** Empty for no layer. */
export function layerPhraseOf(model: ModelSummary, index: number | undefined): string {
  const layer = model.layers.find((one) => one.index === index);
  return layer ? layerPhrase(layer, model) : '';
}

export function shortName(layer: LayerInfo): string {
  if (layer.called) return layer.called;
  if (layer.times) return timesText(layer.times);
  if (layer.mapped) return words.mapped;
  if (layer.kind === 'squeeze') return words.squeezeTo(shapeText(layer.outputShape));
  if (layer.kind === 'factorOut') return words.factorOutOf(shapeText(layer.outputShape));
  return words.shortNames[layer.kind] ?? words.inSentence(words.kindNames[layer.kind]);
}

/** Letters of names that a row has room for. */
const mostLetters = 24;

/** What a coupling changes, for rows that show its number; other layers by their names. */
export function changedName(layer: LayerInfo, model: ModelSummary): string {
  const { moves } = layer;
  if (!moves || moves.of === 'values') return shortName(layer);
  if (moves.of === 'pixels') return words.pixelsOf[moves.parity];
  if (moves.of === 'channels') return whatMoves(moves, ...words.channelsOf);
  const seen = modelAt(model, layer);
  const names = moves.first.map((i) => featureName(seen, i));
  const shown = names.join(', ').length > mostLetters ? names.slice(0, 2) : names;
  return [...shown, ...(shown.length < moves.count ? ['…'] : [])].join(', ');
}

/** A model as a layer sees it. */
type SeenModel = ModelSummary & {
  /** What goes into the layer was mixed or moved before it. */
  mixed?: true;
};

/**
 * The feature's own name where the data had one that says more than its place, else x₁, x₂, …, or h₁, h₂, … where features
 * were mixed. The built-in planes call their features x and y, but x alone is the whole example here.
 */
export function featureName(
  model: SeenModel | undefined,
  index: number,
  letter = model?.mixed ? 'h' : 'x',
): string {
  const names = model?.featureNames;
  const name = letter === 'x' && names?.join() !== 'x,y' ? names?.[index] : undefined;
  return name || `${letter}${subscript(index + 1)}`;
}

/** The model as it is seen at a layer: features that were mixed or moved before it no longer have the names of the data. */
export function modelAt(model: ModelSummary, layer: LayerInfo): SeenModel {
  const { featureNames, ...nameless } = model;
  return mixedBefore(model.layers, layer) ? { ...nameless, mixed: true } : model;
}

/** What an example is called that the inspector made of others, by its kind. */
export const madeNames: Readonly<Record<string, string>> = {
  manifold: words.anInterpolation,
  reconstruction: words.aReconstruction,
  edited: words.anEdited,
};
