import { UserError } from '../../../base/user-error';
import type { ReconstructQuery, Reconstructions } from '../../../protocol/inspect';
import type { ExampleRef } from '../../../protocol/selection';
import { decodeLatents } from '../../model/latents';
import { freshLatents, keepScales, keptCounts, reconstructionLatents, scalesOf } from '../../use/reconstruct';
import { checkDraw } from './samples';
import { sourcesOf, type ExampleLatents, wayRunner } from './sources';
import type { Inquiry } from '../inquiry';

const mostExamples = 64;

/** @throws UserError for flows of one scale, and for a query that cannot be answered */
export async function reconstruct(
  { model, signal }: Inquiry,
  query: ReconstructQuery,
): Promise<Reconstructions> {
  checkDraw(query);
  const { examples } = query;
  const rows = examples.length;
  if (rows < 1 || rows > mostExamples) {
    throw new UserError(`${rows} examples were given to reconstruct; expected 1 to ${mostExamples}.`);
  }
  const scales = scalesOf(model.runner);
  const kept = keptCounts(scales);
  const columns = kept.length;
  const { shown, z } = await sourcesOf(model, examples, signal);
  const latents = reconstructionLatents(z, rows, scales, columns, query);
  const n = rows * columns;
  const { shape, data } = await decodeLatents(await wayRunner(model, n), latents, n, { signal });
  return { originals: shown, values: { shape: [rows, columns, ...shape.slice(1)], data }, kept };
}

/** The latent of one reconstruction. */
export async function reconstructedExample(
  { model, signal }: Inquiry,
  ref: Extract<ExampleRef, { kind: 'reconstruction' }>,
): Promise<ExampleLatents> {
  checkDraw(ref);
  const scales = scalesOf(model.runner);
  const { z } = await sourcesOf(model, [ref.example], signal);
  return { z: keepScales(z, freshLatents(ref, ref.row, z.length), scales, ref.column) };
}
