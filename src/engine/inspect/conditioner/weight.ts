/** A window of a stored tensor, with statistics of all of it. */
import { defined } from '../../../base/defined';
import { UserError } from '../../../base/user-error';
import {
  largestWeightWindow,
  listedOutputs,
  type AxisRole,
  type WeightQuery,
  type WeightView,
} from '../../../protocol/conditioner';
import type { NdArray, NumericArray } from '../../../protocol/tensors';
import { storedOf, type InspectedFlow, layerAt } from '../../model/inspected-flow';
import { gather, sizeOf, stridesOf } from '../../../base/shape';
import { liesIn } from '../inquiry';
import { statsOf, histogramOf } from '../statistics';
import type { NetworkView } from '../../../protocol/inspect';

/**
 * What the axes of a weight mean: ours are [rows, columns, inputs, outputs] and [inputs, outputs]; ONNX convolutions are
 * [outputs, inputs, …, rows, columns]. Matrices of ONNX files may be either way round, so that their axes have no names.
 */
export function axesOf(model: Pick<InspectedFlow, 'inner'>, rank: number): AxisRole[] {
  const others = (count: number): AxisRole[] => Array<AxisRole>(count).fill('other');
  if (!model.inner) {
    if (rank < 3) return others(rank);
    return rank === 3
      ? ['output', 'input', 'column']
      : ['output', 'input', ...others(rank - 4), 'row', 'column'];
  }
  const known: AxisRole[] = ['row', 'column', 'input', 'output'];
  return rank <= 4 ? known.slice(4 - rank) : [...others(rank - 4), ...known];
}

/** @throws UserError for a tensor that the layer does not have, or a window outside of it */
export function weight(model: InspectedFlow, query: WeightQuery): WeightView {
  const layer = layerAt(model, query.layer);
  const { name } = query;
  const known = storedOf(layer);
  const spec = known.find((one) => one.name === name);
  const tensor = spec && model.tensors[name];
  if (!tensor) {
    throw new UserError(
      `The layer ${layer.info.name} has no tensor "${name}"; it has ${known.map((one) => one.name).join(', ') || 'none'}.`,
    );
  }
  const shape = [...spec.shape];
  checkWindow(name, shape, query);
  const axes = axesOf(model, shape.length);
  const stats = statsOf(tensor.data);
  const lengths = lengthsOf(tensor, shape, axes.indexOf('output'));
  const gains = name.endsWith('.v') ? model.tensors[`${name.slice(0, -2)}.g`] : undefined;
  return {
    layer: layer.info.index,
    name,
    shape,
    axes,
    from: [...query.from],
    values: { shape: [...query.size], data: windowOf(tensor, shape, query) },
    stats,
    frobenius: Math.sqrt(stats.count - stats.nan - stats.inf) * Math.hypot(stats.mean, stats.std),
    ...defined({ lengths, gains: gains && Float32Array.from(gains.data.subarray(0, listedOutputs)) }),
  };
}

function checkWindow(name: string, shape: readonly number[], { from, size }: WeightQuery): void {
  if (!liesIn(shape, { from, size })) {
    throw new UserError(
      `The window [${size.join(', ')}] at [${from.join(', ')}] does not lie in ${name} [${shape.join(', ')}].`,
    );
  }
  if (sizeOf(size) > largestWeightWindow) {
    throw new UserError(
      `A window of ${sizeOf(size)} values of ${name} was asked for; ${largestWeightWindow} at most are shown at once.`,
    );
  }
}

function windowOf(
  { data }: NdArray,
  shape: readonly number[],
  { from, size }: Pick<WeightQuery, 'from' | 'size'>,
): Float32Array {
  const strides = stridesOf(shape);
  const start = from.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
  const out = new Float32Array(sizeOf(size));
  gather<NumericArray>(data.subarray(start), { shape: size, strides }, out);
  return out;
}

/** √Σw² for each of the first outputs. Vectors have nothing to add up. */
function lengthsOf({ data }: NdArray, shape: readonly number[], axis: number): Float32Array | undefined {
  if (axis < 0 || shape.length < 2) return undefined;
  const outputs = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const squares = new Float64Array(Math.min(outputs, listedOutputs));
  for (let i = 0; i < data.length; i++) {
    const output = Math.floor(i / inner) % outputs;
    if (output < squares.length) squares[output]! += data[i]! ** 2;
  }
  return Float32Array.from(squares, Math.sqrt);
}

/** The tensors of a layer as they are stored. */
export function network(model: InspectedFlow, query: { layer: number }): NetworkView {
  const { info, bijection } = layerAt(model, query.layer);
  if (model.recorded) return model.recorded.network(info.index);
  const { parameters = [], state = [] } = bijection ?? {};
  return {
    layer: info.index,
    parameters: parameters.map(({ name, shape }) => {
      const { data } = model.tensors[name]!;
      const stats = statsOf(data);
      return {
        name,
        shape: [...shape],
        stats,
        histogram: histogramOf(data, stats, 32),
        axes: axesOf(model, shape.length),
      };
    }),
    state: state.map(({ name, shape }) => ({
      name,
      shape: [...shape],
      stats: statsOf(model.tensors[name]!.data),
    })),
    ...(model.inner?.names(info.index) ?? { stages: [], norms: [] }),
  };
}
