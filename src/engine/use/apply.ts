/** Runs a flow over arrays, in either direction: by these numbers a flow can be checked from outside. */
import { type BatchOptions, decode, encode, type ContextOption } from '../model/latents';
import type { FlowInput } from './input';
import { arrayIn, type Layout, type FlowRunner, type Space } from '../model/runner';
import { sizeOf } from '../../base/shape';
import type { NdArray } from '../../protocol/tensors';

type Floats = NdArray<Float32Array>;

/** @throws CancelledError */
export async function applyForward(
  runner: FlowRunner,
  input: FlowInput,
  options: BatchOptions & ContextOption & { layout: Layout },
) {
  const { x, count, space } = input;
  const size = sizeOf(runner.inputShape);
  const latentSize = sizeOf(runner.outputShape);
  const z = new Float32Array(count * latentSize);
  const logdet = new Float32Array(count);
  const preprocessing = new Float32Array(count);
  const logProb = new Float32Array(count);
  const couplings = runner.couplings.length;
  const layers = new Float32Array(count * couplings);
  // From pixels v to v / levels, which the preprocessing's own log-det starts at.
  const { config } = runner;
  const scaling = config.kind === 'image' && space === 'data' ? -size * Math.log(config.levels) : 0;
  await encode(runner, x, count, space, options, (out, start, n) => {
    z.set(out.z, start * latentSize);
    for (let i = 0; i < n; i++) {
      preprocessing[start + i] = out.preprocessing[i]! + scaling;
      logdet[start + i] = out.logDet[i]! + (out.preprocessing[i]! + scaling);
      logProb[start + i] = logdet[start + i]! + out.prior[i]!;
      for (let k = 0; k < couplings; k++) {
        layers[(start + i) * couplings + k] = out.couplings[k]![i]! + out.norms[k]![i]!;
      }
    }
  });
  const inLayout = (shape: readonly number[], data: Float32Array): Floats =>
    arrayIn({ shape: [count, ...shape], data }, shape, options.layout);
  return {
    /** [N, …] in the layout asked for. */
    z: inLayout(runner.outputShape, z),
    // Pixels with the noise that they got, padding included, where noise was added: applied again, they give the same z.
    ...(input.dequantized ? { x: inLayout(runner.inputShape, x) } : {}),
    /**
     * [N], nats: ln |det ∂z/∂x| of the whole map from the input (pixels with their noise, raw coordinates, or the flow's input) to
     * z. So ln p(x) = ln p(z) + logdet, with the base’s p(z).
     */
    logdet: { shape: [count], data: logdet },
    /** [N], nats: ln p of the input. */
    logProb: { shape: [count], data: logProb },
    /** [N], nats: the share of the step from data units to the flow's input; zero in flow space. */
    logdetPreprocessing: { shape: [count], data: preprocessing },
    // [N, couplings], nats: what each coupling adds, its batch normalization included. Absent when not known.
    ...(couplings > 0 ? { logdetLayers: { shape: [count, couplings], data: layers } } : {}),
    names: runner.couplings,
  };
}

/** @throws CancelledError */
export async function applyInverse(
  runner: FlowRunner,
  latent: { z: Float32Array; count: number },
  options: BatchOptions & ContextOption & { layout: Layout; space: Space },
) {
  const { config } = runner;
  const { space, layout } = options;
  const { x, logDet } = await decode(runner, latent.z, latent.count, space, options);
  const scaling =
    config.kind === 'image' && space === 'data' ? sizeOf(runner.inputShape) * Math.log(config.levels) : 0;
  return {
    /** [N, …] in the layout asked for; in data space without the padding. */
    x: arrayIn(x, x.shape.slice(1), layout),
    /** [N], nats: ln |det ∂x/∂z|, to the space that x is in. */
    logdet: { shape: [latent.count], data: logDet.map((value) => value + scaling) },
  };
}
