/**
 * Splines of the features that condition in a coupling, the same for all examples: `apply_unconditional_transform` of
 * nflows, which normflows has too. They become a second coupling, whose network gives the same knots whatever it sees.
 */
import { sizeOf } from '../../base/shape';
import type { OurLayer } from './chain-importer';
import { lastLayer, residualTable, type ResidualNet } from './made';
import type { FileModule } from './modules';
import { knotOf } from './splines';
import type { TensorFile } from './types';
import type { ChainLayer } from './vector-chain';
import { refuse } from './unread';

export interface ConstantSplines {
  /** Prefix of their tensors: "flows.0.prqct.unconditional_transform.". */
  prefix: string;
  /** Features that they map, one spline for each. */
  features: number;
  bins: number;
}

/** Weights of the network that takes their place; far beyond what a coupling needs. */
const mostWeights = 2 ** 24;

/** In the order in which a network gives them. */
export function constantShapes({
  features,
  bins,
}: Pick<ConstantSplines, 'features' | 'bins'>): Map<string, [features: number, values: number]> {
  return new Map([
    ['unnormalized_widths', [features, bins]],
    ['unnormalized_heights', [features, bins]],
    ['unnormalized_derivatives', [features, bins - 1]],
  ]);
}

/** What a module has of them, for so many features; refuses what cannot be read. @param net of the coupling */
export function readConstant(
  module: FileModule,
  features: number,
  bins: number,
  net: ResidualNet,
): ConstantSplines {
  const { prefix, at, rests } = module;
  const splines = { prefix, features, bins };
  const shapes = constantShapes(splines);
  const fit = [...shapes].every(([name, shape]) => module.shape(name)?.join() === shape.join());
  if (!fit || rests.length !== shapes.size)
    refuse(`${at} is not a spline of ${bins} bins for each of ${features} features`);
  if (net.hidden.at(-1)! * features * 3 * bins > mostWeights)
    refuse(`${at} of ${features} features, which is too large beside its network`);
  return splines;
}

/** @param net of the coupling that they belong to, as large as which theirs becomes @param layer in which they move */
export function constantCoupling(
  file: TensorFile,
  splines: ConstantSplines,
  net: ResidualNet,
  layer: ChainLayer,
): OurLayer {
  return {
    at: splines.prefix.slice(0, -1),
    layer,
    async adapt(tensors, name) {
      const values = 3 * splines.bins - 1;
      // The features that move in the coupling are what this one sees.
      const like = { ...net, inputs: net.outputs / values, outputs: splines.features * values };
      for (const { flowscope, transform, shape = [] } of residualTable(like)) {
        const fill = /\.(gain|variance)$/.test(flowscope) ? 1 : 0;
        tensors[`${name}.${flowscope}`] = {
          shape: transform === 'transpose' ? shape.toReversed() : [...shape],
          data: new Float32Array(sizeOf(shape)).fill(fill),
        };
      }
      const last = `${name}.${lastLayer(net)}.bias`;
      tensors[last] = { ...tensors[last]!, data: await knots(file, splines) };
    },
  };
}

/** One spline after the other. */
async function knots(file: TensorFile, splines: ConstantSplines): Promise<Float32Array> {
  const { prefix, features, bins } = splines;
  const values = 3 * bins - 1;
  const all = new Float32Array(features * values);
  let from = 0;
  for (const [part, [, each]] of constantShapes(splines)) {
    const { data } = await file.read(prefix + part);
    data.forEach((u, i) => {
      const at = from + (i % each);
      all[Math.floor(i / each) * values + at] = knotOf(u, at, bins);
    });
    from += each;
  }
  return all;
}
