/** The latents of an example, and the example that comes of changing some of them. */
import { ignoreUserError, UserError } from '../../../base/user-error';
import type { ExampleRef, UneditedRef, LatentEdit } from '../../../protocol/selection';
import type { EditedQuery, EditedView, LatentsView } from '../../../protocol/latents';
import { recordKey } from '../../../protocol/webview';
import { sampleLatents } from '../../model/examples';
import { cropImages } from '../../model/inputs';
import { exampleShape } from '../../model/latents';
import { scoreBatch } from '../examples';
import { latentPlaces, sourcesOf, type ExampleLatents, wayRunner } from './sources';
import { manifoldExample } from './manifold';
import { reconstructedExample } from './reconstruct';
import { checkIndex } from '../within';
import type { Inquiry, SharedInquiry } from '../inquiry';

/** @throws UserError for an example that does not exist, or a file without a way to z; CancelledError */
export async function latents(
  { model, work, signal }: SharedInquiry,
  { example }: { example: UneditedRef },
): Promise<LatentsView> {
  const { z } = await keptLatents({ model, work, signal }, example);
  const scales = model.runner.latentScales;
  const places = latentPlaces(model);
  return {
    shape: [...model.flow.inputShape],
    z,
    ...(scales ? { scales } : {}),
    ...(places ? { places } : {}),
  };
}

/** @throws UserError for elements that z does not have, or a file without a way back to x; CancelledError */
export async function edited(
  { model, work, signal }: SharedInquiry,
  { example, edits }: EditedQuery,
): Promise<EditedView> {
  const { z: start, context } = await keptLatents({ model, work, signal }, example);
  const z = withEdits(start, edits);
  const { x } = await (await wayRunner(model, 1)).inverse(z, 1, 'data', { context });
  return {
    values: { shape: exampleShape(model.runner), data: cropImages(x, 1, model.config) },
    ...(await costOf({ model, signal }, { x, context })),
  };
}

/** z of an example that was changed by hand. */
export async function editedExample(
  { model, signal }: Inquiry,
  { example, edits }: Extract<ExampleRef, { kind: 'edited' }>,
): Promise<ExampleLatents> {
  const { z, context } = await latentsOf({ model, signal }, example);
  return { z: withEdits(z, edits), ...(context ? { context } : {}) };
}

/** Every move of a slider starts from the same latents. */
function keptLatents({ model, work, signal }: SharedInquiry, example: UneditedRef): Promise<ExampleLatents> {
  return work.run(recordKey('latents', { example }), signal, (inner) =>
    latentsOf({ model, signal: inner }, example),
  );
}

/** Latents of an example; for samples and decoded latents, those that it comes from, without a way there and back. */
async function latentsOf({ model, signal }: Inquiry, example: UneditedRef): Promise<ExampleLatents> {
  switch (example.kind) {
    case 'manifold':
      return manifoldExample({ model, signal }, example);
    case 'reconstruction':
      return reconstructedExample({ model, signal }, example);
    case 'sample':
      return { z: (await sampleLatents(model, example, example.index, 1)).slice() };
    default:
      return sourcesOf(model, [example], signal);
  }
}

function withEdits(z: Float32Array, edits: readonly LatentEdit[]): Float32Array {
  const out = z.slice();
  for (const { element, value } of edits) {
    checkIndex(element, z.length, `Latent ${element} was changed; z has`);
    if (!Number.isFinite(value)) {
      throw new UserError(`Latent ${element} was set to ${value}; expected a finite number.`);
    }
    out[element] = value;
  }
  return out;
}

/** Without the way to z there is a picture and no likelihood. */
async function costOf(
  { model, signal }: Inquiry,
  { x, context }: { x: Float32Array; context: Float32Array | undefined },
): Promise<{ nats?: number; bitsPerDim?: number }> {
  const batch = { count: 1, x, shown: x, ...(context ? { context } : {}) };
  const { nats, bitsPerDim } = (await scoreBatch({ model, signal }, batch).catch(ignoreUserError)) ?? {};
  return nats ? { nats: nats[0]!, ...(bitsPerDim ? { bitsPerDim: bitsPerDim[0]! } : {}) } : {};
}
