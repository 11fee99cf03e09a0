/** The rows of a flow as the inspector, the exporter and the command line name them: preprocessing first, then layers. */
import type { Bijection } from '../../flow/bijection';
import type { Flow, FlowLayer } from '../../flow/layers';
import { size } from '../../flow/tensors';
import type { LayerInfo } from '../../protocol/model';

export interface ModelLayer {
  info: LayerInfo;
  /** Absent for preprocessing, which is not part of the flow. */
  flow?: FlowLayer;
  /** Absent for squeezes and factor-outs, which only move values. */
  bijection?: Bijection;
  /** Taps that hold the layer's input and output. A factor-out's output is what goes on. */
  taps: { input: string; output: string };
}

export function modelLayers(flow: Flow, preprocess: Bijection | undefined): ModelLayer[] {
  const before = preprocess ? [preprocessLayer(preprocess)] : [];
  return [...before, ...flow.layers.map(flowLayer)].map((layer, index) => ({
    ...layer,
    info: { ...layer.info, index },
  }));
}

export function parameterCount(specs: readonly { shape: readonly number[] }[]): number {
  return specs.reduce((sum, { shape }) => sum + size(shape), 0);
}

function preprocessLayer(preprocess: Bijection): ModelLayer {
  const { name, inputShape, outputShape } = preprocess;
  const kind = name === 'logit' ? 'logit' : 'standardize';
  return {
    info: {
      index: 0,
      name,
      kind,
      scale: 0,
      inputShape: [...inputShape],
      outputShape: [...outputShape],
      parameterCount: 0,
      hasNorm: false,
      description:
        kind === 'logit'
          ? `${inputShape.join('×')}, pixels to logits`
          : `${inputShape.join('×')}, mean subtracted, deviation divided out`,
    },
    bijection: preprocess,
    taps: { input: `${name}/x`, output: `${name}/y` },
  };
}

function flowLayer(layer: FlowLayer): ModelLayer {
  const { name, kind, scale, coupling, inputShape, outputShape, bijection, hasNorm } = layer;
  return {
    info: {
      index: 0,
      name,
      kind,
      scale,
      ...(coupling === undefined ? {} : { coupling }),
      inputShape: [...inputShape],
      outputShape: [...outputShape],
      parameterCount: parameterCount(bijection?.parameters ?? []),
      hasNorm,
      description: describeLayer(layer),
    },
    flow: layer,
    ...(bijection ? { bijection } : {}),
    taps: { input: `${name}/x`, output: kind === 'factorOut' ? `${name}/kept` : `${name}/y` },
  };
}

/** One line on what the layer does, for example "4×4×4, channels 2, 3 move". */
export function describeLayer({ kind, mask, inputShape, outputShape, hasNorm }: FlowLayer): string {
  const shape = inputShape.join('×');
  const norm = hasNorm ? ', then batch norm' : '';
  switch (kind) {
    case 'checkerboard':
      return `${shape}, pixels with row + column ${mask?.data[0] === 1 ? 'odd' : 'even'} move${norm}`;
    case 'channelwise': {
      const channels = Array.from({ length: inputShape[2]! }, (_, c) => c);
      return `${shape}, ${movers('channel', channels, mask?.data)}${norm}`;
    }
    case 'vector': {
      const features = Array.from({ length: inputShape[0]! }, (_, d) => d);
      return `${shape}, ${movers('feature', features, mask?.data)}${norm}`;
    }
    case 'squeeze':
      return `${shape} folded to ${outputShape.join('×')}`;
    case 'factorOut':
      return `half of ${shape} goes to z, ${outputShape.join('×')} goes on`;
    case 'permute':
      return `${shape}, features in another order`;
    case 'batchNorm':
      return `${shape}, batch norm with gain and bias`;
    case 'actNorm':
      return `${shape}, learned shift and scale of each feature`;
    default:
      return shape;
  }
}

/** "channels 2, 3 move" from a mask that is the same at every place. */
function movers(what: string, numbers: number[], mask: Float32Array | undefined): string {
  const moving = numbers.filter((i) => mask?.[i] === 0);
  if (moving.length === 1) return `${what} ${moving[0]} moves`;
  const first = moving[0]!;
  const consecutive = moving.every((n, i) => n === first + i);
  const list =
    moving.length <= 4
      ? moving.join(', ')
      : consecutive
        ? `${first}–${moving[moving.length - 1]}`
        : `${moving.slice(0, 4).join(', ')}, …`;
  return `${what}s ${list} move`;
}
