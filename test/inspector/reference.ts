/**
 * The flow of a file in plain JavaScript: TensorFlow.js's own kernels, run eagerly, without the graphs, passes and native
 * libraries that the engine computes with. What the inspector shows of an example is compared with it.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { loadAnyCheckpoint } from '../../src/checkpoint/recognize/load';
import { modelLayers, type ModelLayer } from '../../src/engine/model/layer-list';
import { buildFlow, buildPreprocess, logLikelihood, quantizationNats } from '../../src/flow/flow';
import { contextOf, onCpu, toTensors, type Values } from '../contract/eager';
import { isImage, type Model } from './models';

export interface ReferenceLayer {
  layer: ModelLayer;
  name: string;
  /** x, y, s and t of one example in the layer's shape, row-major. A factor-out's y is what goes on. */
  x: Float32Array;
  y: Float32Array;
  s?: Float32Array;
  t?: Float32Array;
  /** Where a coupling hands a value on as it is: found by comparing what goes in with what comes out. */
  passes: boolean[];
  /** Log-det of the affine map (of preprocessing: all of it) and of the norm behind it, nats. */
  coupling: number;
  norm: number;
  /** ln σ by which the norm divides a moving value; 0 without a norm. */
  lnStd(element: number): number;
}

export interface ReferencePass {
  layers: ReferenceLayer[];
  /** All named values, feature maps among them. */
  taps: Values;
  /** What the bar says: bits/dim of images, nats of vectors. */
  costs: number;
  /** What each part adds to log p, in the same unit: by the names that the page has for the parts. */
  parts: Record<'log p(z)' | 'levels' | 'preprocessing' | 'couplings' | 'batch norm', number>;
}

export interface Reference {
  /** Parameters and running statistics as the file has them. */
  tensors: Values;
  layers: readonly ModelLayer[];
  /** @param values of one example in data units, with their noise */
  pass(values: Float32Array): ReferencePass;
  /** What one layer makes of its input. */
  through(layer: ModelLayer, x: Float32Array): Float32Array;
}

export async function reference(file: string): Promise<Reference> {
  await onCpu();
  const checkpoint = await loadAnyCheckpoint(file);
  const { config, standardize } = checkpoint;
  const flow = buildFlow(config.model);
  const preprocess = buildPreprocess(config.model, flow, standardize);
  const layers = modelLayers(flow, preprocess);
  const tensors = checkpoint.tensors as Values;
  const dimensions = flow.inputShape.reduce((a, b) => a * b, 1);
  return {
    tensors,
    layers,
    pass(values) {
      const taps: Values = {};
      let prepared = 0;
      let priorNats = 0;
      tf.tidy(() => {
        const kept: Record<string, Tensor> = {};
        const x = tf.tensor(values, [1, ...flow.inputShape]);
        const ctx = contextOf(toTensors(tensors), false, kept);
        const { prior, preprocessing } = logLikelihood(flow, preprocess, ctx, x);
        if (preprocess) {
          kept[`${preprocess.name}/x`] = x;
          kept[`${preprocess.name}/y`] = preprocess.forward(ctx, x).value;
        }
        prepared = preprocessing.dataSync()[0]!;
        priorNats = prior.dataSync()[0]!;
        for (const [name, tensor] of Object.entries(kept))
          taps[name] = { shape: tensor.shape.slice(1), data: tensor.dataSync<'float32'>() };
      });
      const all = layers.map((layer) => layerOf(layer, taps, prepared));
      const per = config.model.kind === 'image' ? dimensions * Math.LN2 : 1;
      const inFlow = all.filter(({ layer }) => layer.flow);
      const parts = {
        'log p(z)': priorNats / per,
        levels: -quantizationNats(config.model, dimensions) / per,
        preprocessing: prepared / per,
        couplings: inFlow.reduce((sum, { coupling }) => sum + coupling, 0) / per,
        'batch norm': inFlow.reduce((sum, { norm }) => sum + norm, 0) / per,
      };
      return { layers: all, taps, parts, costs: -Object.values(parts).reduce((a, b) => a + b) };
    },
    through: (layer, x) => {
      let y = new Float32Array();
      tf.tidy(() => {
        const ctx = contextOf(toTensors(tensors), false);
        const input = tf.tensor(x, [1, ...layer.info.inputShape]);
        y = layer.bijection!.forward(ctx, input).value.dataSync<'float32'>() as Float32Array<ArrayBuffer>;
      });
      return y;
    },
  };
}

function layerOf(layer: ModelLayer, taps: Values, prepared: number): ReferenceLayer {
  const { name, kind, outputShape } = layer.info;
  const tap = (part: string): Float32Array | undefined => taps[`${name}${part}`]?.data;
  const x = taps[layer.taps.input]!.data;
  const y = taps[layer.taps.output]!.data;
  const [s, t] = [tap('/s'), tap('/t')];
  const passes = Array.from(x, (value, i) => s !== undefined && value === y[i] && s[i] === 0);
  const variance = tap('.norm/variance');
  const channels = outputShape.at(-1)!;
  // A norm of what moves alone has as many channels as move.
  const normed = Array.from({ length: channels }, (_, c) => c).filter(
    (c) => variance?.length === channels || !passes[c],
  );
  return {
    layer,
    name,
    x,
    y,
    ...(s ? { s } : {}),
    ...(t ? { t } : {}),
    passes,
    coupling: kind === 'logit' || kind === 'standardize' ? prepared : (tap('/logDet.coupling')?.[0] ?? 0),
    norm: tap('/logDet.norm')?.[0] ?? 0,
    lnStd: (element) =>
      variance && !passes[element] ? Math.log(variance[normed.indexOf(element % channels)]!) / 2 : 0,
  };
}

/** An example that gets no noise, since its pixels are no integers. */
export function exampleOf(model: Model, seed = 1): Float32Array {
  const { levels = 0, shape } = model;
  const size = shape.reduce((a, b) => a * b, 1);
  return isImage(model)
    ? Float32Array.from({ length: size }, (_, i) => 0.3 + (levels - 1.5) * Math.abs(Math.sin(seed * i * i)))
    : Float32Array.from({ length: size }, (_, i) => 0.4 * seed - 0.6 * i);
}
