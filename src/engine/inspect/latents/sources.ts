/** Examples that views derive other examples from: their values and their latents. */
import type { SourceRef } from '../../../protocol/selection';
import type { NdArray } from '../../../protocol/tensors';
import { contextFeed } from '../../model/context';
import { contextsOf, sampleLatents, sourceOf } from '../../model/examples';
import type { ExampleSource } from '../../model/inspected-flow';
import { cropImages } from '../../model/inputs';
import { encodeExamples, exampleShape } from '../../model/latents';
import { breathe } from '../../model/breathe';

export interface ExampleLatents {
  /** [n, …] row-major. For samples, those that they were drawn from, without a way there and back. */
  z: Float32Array;
  /** Context of each, where the flow takes one and it is not the model's usual one. */
  context?: Float32Array;
}

export interface Sources extends ExampleLatents {
  /** [n, …] as given, in data units, padding cut off. */
  shown: NdArray<Float32Array>;
}

/** @throws UserError for an example that does not exist, CancelledError */
export async function sourcesOf(
  model: ExampleSource,
  refs: readonly SourceRef[],
  signal: AbortSignal,
): Promise<Sources> {
  const { dimensions: size, config, runner } = model;
  const n = refs.length;
  const x = new Float32Array(n * size);
  const shown = new Float32Array(n * size);
  const contexts: number[] = [];
  for (const [i, ref] of refs.entries()) {
    await breathe(signal);
    const one = await sourceOf(model, ref);
    x.set(one.x, i * size);
    shown.set(one.shown, i * size);
    if (runner.context) contexts.push(...contextFeed(runner.context, one.context ?? model.given, 1).data);
  }
  const { context } = contextsOf(contexts);
  const z = await encodeExamples(runner, x, n, { signal, context });
  for (const [i, ref] of refs.entries()) {
    if (ref.kind === 'sample') z.set(await sampleLatents(model, ref, ref.index, 1), i * size);
  }
  return {
    shown: { shape: [n, ...exampleShape(runner)], data: cropImages(shown, n, config) },
    z,
    ...(context ? { context } : {}),
  };
}
