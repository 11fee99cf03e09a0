/** The example that a view names, also one that is made of others. */
import type { ExampleRef } from '../../../protocol/selection';
import { sourceOf, type ExampleBatch } from '../../model/examples';
import type { InspectedFlow } from '../../model/inspected-flow';
import { editedExample } from './latents';
import { manifoldExample } from './manifold';
import { reconstructedExample } from './reconstruct';
import type { ExampleLatents } from './sources';
import type { Inquiry } from '../inquiry';

/** @throws UserError for an example that does not exist, or values that do not fit the model; CancelledError */
export async function exampleOf({ model, signal }: Inquiry, ref: ExampleRef): Promise<ExampleBatch> {
  switch (ref.kind) {
    case 'manifold':
      return decoded(model, await manifoldExample({ model, signal }, ref));
    case 'reconstruction':
      return decoded(model, await reconstructedExample({ model, signal }, ref));
    case 'edited':
      return decoded(model, await editedExample({ model, signal }, ref));
    default:
      return sourceOf(model, ref);
  }
}

/** Padding kept, values as they came out, so that forward leads back to z. */
async function decoded(model: InspectedFlow, { z, context }: ExampleLatents): Promise<ExampleBatch> {
  const { x } = await model.runner.inverse(z, 1, 'data', { context });
  return { count: 1, x, shown: x, ...(context ? { context } : {}) };
}
