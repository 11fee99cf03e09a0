/** log p of the example, element by element. */
import { softplus } from '../../../base/softplus';
import { UserError } from '../../../base/user-error';
import { standardizingShares } from '../../../config/standardization';
import type { Contribution } from '../../../protocol/contribution';
import type { Selection } from '../../../protocol/selection';
import type { InspectedFlow, InspectedLayer, LayerRecord } from '../../model/inspected-flow';
import { latentPlaces } from '../latents/sources';
import { exampleParts } from './parts';
import { firstContext, type Pass, selectionPasses } from '../pass';
import type { SharedInquiry } from '../inquiry';

/** Shares that miss more of a layer's log-det than rounding explains leave it unknown. */
const tolerance = 1e-3;

export async function contribution(inquiry: SharedInquiry, query: Selection): Promise<Contribution> {
  const { model } = inquiry;
  const { example } = await selectionPasses(inquiry, query);
  if (!example)
    throw new UserError('Contributions by element were asked for without an example; choose one.');
  const parts = exampleParts(model, example, 0);
  const size = model.dimensions;
  const spread: number[] = [];
  const maps = {
    prior: new Float64Array(size),
    couplings: new Float64Array(size),
    norm: new Float64Array(size),
    preprocessing: new Float64Array(size),
  };

  const places = latentPlaces(model);
  const priors = await priorByElement(model, example);
  for (let i = 0; i < size; i++) maps.prior[places?.[i] ?? i] = priors[i]!;

  for (const layer of model.layers) {
    const pass = example.layers[layer.info.index]!;
    if (!layer.flow) {
      const known = preprocessingShares(model, pass);
      if (!addTo(maps.preprocessing, undefined, known, pass.logDet.layer[0]!)) spread.push(layer.info.index);
      continue;
    }
    const { positions } = layer.flow;
    const moving = movingElements(layer);
    const known = addTo(maps.couplings, positions, pass.elements?.first.data, pass.logDet.layer[0]!, moving);
    const normed = addTo(maps.norm, positions, normShares(layer, pass), pass.logDet.norm[0]!, moving);
    if (!known || !normed) spread.push(layer.info.index);
  }
  for (let i = 0; i < size; i++) maps.preprocessing[i]! += parts.quantization / size;

  const shape = [...model.flow.inputShape];
  const array = (values: Float64Array) => ({ shape, data: Float32Array.from(values) });
  const { prior, couplings, norm, preprocessing } = maps;
  return {
    total: array(prior.map((value, i) => value + couplings[i]! + norm[i]! + preprocessing[i]!)),
    prior: array(prior),
    couplings: array(couplings),
    norm: array(norm),
    preprocessing: array(preprocessing),
    parts,
    spread,
  };
}

/** ln p(z) of the example by element of z; evenly where it is not a sum over elements. */
async function priorByElement({ runner, dimensions }: InspectedFlow, pass: Pass): Promise<Float32Array> {
  const { z, prior } = pass;
  const firstLatents = z.subarray(0, dimensions);
  return (
    (await runner.base.logProbByElement?.(firstLatents, 1, firstContext(pass))) ??
    new Float32Array(dimensions).fill(prior[0]! / dimensions)
  );
}

/**
 * Adds the shares of a layer's elements at their places in the flow's input. What they leave of `total` goes evenly to
 * the elements that move. @returns whether that is no more than rounding
 */
function addTo(
  map: Float64Array,
  positions: Int32Array | undefined,
  shares: ArrayLike<number> | undefined,
  total: number,
  moving?: readonly number[],
): boolean {
  let sum = 0;
  if (shares) {
    for (let i = 0; i < shares.length; i++) {
      map[positions?.[i] ?? i]! += shares[i]!;
      sum += shares[i]!;
    }
  }
  const rest = total - sum;
  if (Number.isFinite(rest) && rest !== 0) {
    const count = moving?.length ?? map.length;
    for (let k = 0; k < count; k++) {
      const element = moving?.[k] ?? k;
      map[positions?.[element] ?? element]! += rest / count;
    }
  }
  return !(Math.abs(rest) > tolerance * Math.max(1, Math.abs(total)));
}

function movingElements({ flow }: InspectedLayer): number[] {
  const all = [...flow!.positions.keys()];
  const moving = all.filter((i) => flow!.mask?.data[i] !== 1);
  return moving.length > 0 ? moving : all;
}

/** −½ ln variance of an element's channel. Statistics of the moving channels alone come in rising order. */
function normShares({ info, flow }: InspectedLayer, { norm }: LayerRecord): Float64Array | undefined {
  if (!norm) return undefined;
  const channels = info.inputShape[info.inputShape.length - 1]!;
  const mask = flow!.mask?.data;
  const { variance } = norm;
  const moves = (channel: number): boolean => mask?.[channel] !== 1;
  let next = 0;
  const place = Array.from({ length: channels }, (_, c) =>
    variance.length === channels ? c : moves(c) ? next++ : -1,
  );
  if (variance.length !== channels && next !== variance.length) return undefined;
  return Float64Array.from(flow!.positions, (_, i) =>
    mask?.[i] === 1 ? 0 : -0.5 * Math.log(variance[place[i % channels]!]!),
  );
}

/** For the logit, ln of its slope at each pixel; for vectors, that of each feature's map and −ln of its deviation. */
function preprocessingShares(
  { config, standardization, dimensions }: InspectedFlow,
  { input, output }: LayerRecord,
): Float64Array | undefined {
  if (config.kind === 'vector')
    return standardization && standardizingShares(standardization, input.data, dimensions);
  const range = Math.log(config.dataRange);
  return Float64Array.from(output.data, (value) => softplus(value) + softplus(-value) + range);
}
