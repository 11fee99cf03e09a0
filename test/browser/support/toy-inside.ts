/** The inside of the toy flow's layers: weights, feature maps, norms, and Jacobians by the rules of calculus. */
import type {
  ActivityQuery,
  ActivityView,
  AxisRole,
  FeatureQuery,
  FeatureView,
  WeightQuery,
  WeightView,
} from '../../../src/protocol/conditioner';
import type { JacobianQuery, JacobianView } from '../../../src/protocol/jacobian';
import type { LayerInfo } from '../../../src/protocol/model';
import { array, normal, product, view, type ToyFlow, type Values } from './toy-flow';

export const toyWeights: Record<string, number[]> = {
  'input.v': [3, 3, 3, 20],
  'input.g': [20],
  'input.bias': [20],
  'blocks.0.weight': [3, 3, 20, 20],
  'output.weight': [1, 1, 20, 2],
  scale: [1],
};

export const toyChannels = 20;
/** Feature maps that are the same everywhere. */
export const deadToyChannels = [3, 17];

export function weightValues({ index }: LayerInfo, name: string): Values {
  const k = 20 + Object.keys(toyWeights).indexOf(name);
  return Float64Array.from({ length: product(toyWeights[name]!) }, (_, i) => 0.1 * normal(index, k, i));
}

export function axesOf(shape: readonly number[]): AxisRole[] {
  return (['row', 'column', 'input', 'output'] as const).slice(4 - shape.length);
}

export function insideOf({ name, inputShape }: LayerInfo) {
  const image = inputShape.length === 3;
  const shape = image ? [inputShape[0]!, inputShape[1]!, toyChannels] : [toyChannels];
  return {
    stages: ['convIn', 'blocks.0'].map((stage) => ({ name: `${name}.net.${stage}`, shape })),
    norms: [`${name}.net.normIn`],
  };
}

export function answerInside(flow: ToyFlow, method: string, query: unknown): unknown {
  if (method === 'weight') return weight(flow, query as WeightQuery);
  if (method === 'features') return features(flow, query as FeatureQuery);
  if (method === 'activity') return activity(flow, query as ActivityQuery);
  return jacobian(flow, query as JacobianQuery);
}

function weight(flow: ToyFlow, { layer, name, from, size }: WeightQuery): WeightView {
  const { info } = flow.layers[layer]!;
  const short = name.slice(info.name.length + 1);
  const shape = toyWeights[short]!;
  const values = weightValues(info, short);
  const window = new Float32Array(product(size));
  for (let i = 0; i < window.length; i++) {
    let rest = i;
    let at = 0;
    let step = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (from[axis]! + (rest % size[axis]!)) * step;
      rest = Math.floor(rest / size[axis]!);
      step *= shape[axis]!;
    }
    window[i] = values[at]!;
  }
  const outputs = shape.at(-1)!;
  return {
    layer,
    name,
    shape,
    axes: axesOf(shape),
    from,
    values: { shape: size, data: window },
    stats: view(name, undefined, shape, values).stats,
    frobenius: Math.hypot(...values),
    ...(shape.length > 1
      ? {
          lengths: Float32Array.from({ length: outputs }, (_, o) =>
            Math.hypot(...values.filter((_, i) => i % outputs === o)),
          ),
        }
      : {}),
    ...(short === 'input.v' ? { gains: Float32Array.from(weightValues(info, 'input.g')) } : {}),
  };
}

/** Channel k of stage j: the layer's input, times a number that depends on both. */
export function featureMaps(flow: ToyFlow, query: Omit<FeatureQuery, 'offset'>): Float32Array {
  const { x, layer } = flow.layerPass(query);
  const stage = insideOf(layer.info).stages.findIndex(({ name }) => name === query.stage);
  const [height = 1, width = 1, depth = 1] = layer.info.inputShape.length === 3 ? layer.info.inputShape : [];
  return Float32Array.from({ length: height * width * toyChannels }, (_, i) => {
    const k = i % toyChannels;
    if (deadToyChannels.includes(k)) return height > 1 ? 0.25 : 0;
    return x[Math.floor(i / toyChannels) * depth]! * Math.sin(1 + k + 3 * stage);
  });
}

function features(flow: ToyFlow, query: FeatureQuery): FeatureView {
  const { shape } = insideOf(flow.layers[query.layer]!.info).stages[0]!;
  const all = featureMaps(flow, query);
  const image = shape.length === 3;
  const count = Math.min(image ? 16 : 128, toyChannels - query.offset);
  const page = all.filter((_, i) => {
    const k = i % toyChannels;
    return k >= query.offset && k < query.offset + count;
  });
  return {
    layer: query.layer,
    stage: query.stage,
    shape,
    offset: query.offset,
    values: { shape: [...shape.slice(0, -1), count], data: page },
    block: 1,
    stats: view('h', undefined, shape, Float64Array.from(all)).stats,
    dead: deadToyChannels.length,
  };
}

function activity(flow: ToyFlow, query: ActivityQuery): ActivityView {
  const { info } = flow.layers[query.layer]!;
  const channels = info.inputShape.length === 3 ? info.inputShape[2]! : 1;
  const inputs = flow.batch(query).map((x) => flow.forward(x).passes[query.layer]!.x);
  const ofChannel = (c: number): number[] =>
    inputs.flatMap((x) => [...x.filter((_, i) => i % channels === c)]);
  const means = Array.from({ length: channels }, (_, c) => {
    const values = ofChannel(c);
    return values.reduce((a, b) => a + b, 0) / values.length;
  });
  const variances = means.map((mean, c) => {
    const values = ofChannel(c);
    return values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  });
  const { stages, norms } = insideOf(info);
  return {
    layer: query.layer,
    count: inputs.length,
    norms: norms.map((name) => ({
      name,
      running: {
        mean: Float32Array.from(means, (_, c) => 0.5 + 0.1 * c),
        variance: Float32Array.from(means, () => 4),
      },
      batch: { mean: Float32Array.from(means), variance: Float32Array.from(variances) },
    })),
    stages: stages.map(({ name }) => ({ name, channels: toyChannels, dead: deadToyChannels.length })),
  };
}

function jacobian(flow: ToyFlow, query: JacobianQuery): JacobianView {
  const pass = flow.layerPass(query);
  const { info, mask, norm, gain } = pass.layer;
  const size = product(info.inputShape);
  const channels = info.inputShape.at(-1)!;
  const whole = size <= 16;
  const marked = query.around >= 0 ? query.around : mask ? mask.findIndex((b) => b < 0.5) : 0;
  const start = Math.min(Math.max(0, marked - 8), Math.max(0, size - 16));
  const elements = Int32Array.from({ length: Math.min(16, size) }, (_, i) => i + (whole ? 0 : start));
  const k = elements.length;
  const matrix = new Float32Array(k * k);
  if (!mask) elements.forEach((_, i) => (matrix[i * k + i] = info.kind === 'standardize' ? 1 / 0.8 : 1));
  else {
    const share = 1 / Math.sqrt(mask.filter((b) => b > 0.5).length);
    const std = (i: number): number => norm?.std[i % channels] ?? 1;
    elements.forEach((i, row) =>
      elements.forEach((j, column) => {
        let value = i === j ? 1 : 0;
        if (mask[i]! < 0.5) {
          const [s, t] = [pass.s![i]!, pass.t![i]!];
          const ds = gain * (1 - (s / gain) ** 2) * share * Math.sin(3.1 * i + 1.7 * j + info.index);
          const dt = 0.5 * (1 - (t / 0.5) ** 2) * share * Math.cos(1.3 * i + 2.9 * j + info.index);
          const inner = i === j ? Math.exp(s) : mask[j]! > 0.5 ? pass.x[i]! * Math.exp(s) * ds + dt : 0;
          value = inner / std(i);
        }
        matrix[row * k + column] = value;
      }),
    );
  }
  const logScales =
    mask &&
    [...elements].map((i) => {
      if (mask[i]! > 0.5) return 0;
      return pass.s![i]! - Math.log(norm?.std[i % channels] ?? 1);
    });
  const logDet = logScales
    ? logScales.reduce((a, b) => a + b, 0)
    : elements.reduce((sum, _, i) => sum + Math.log(matrix[i * k + i]!), 0);
  return {
    layer: query.layer,
    elements,
    whole,
    matrix: array([k, k], [...matrix]),
    ...(mask ? { passes: Uint8Array.from(elements, (i) => Number(mask[i]! > 0.5)) } : {}),
    ...(logScales ? { expected: Float32Array.from(logScales, Math.exp) } : {}),
    logDet,
    ...(whole ? { claimed: pass.coupling + pass.norm } : logScales ? { claimed: logDet } : {}),
  };
}
