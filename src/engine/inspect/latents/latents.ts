/** The latents of an example, and the example that comes of changing some of them. */
import { defined } from '../../../base/defined';
import { rowAt } from '../../../base/rows';
import { ignoreUserError, UserError } from '../../../base/user-error';
import type { ExampleRef, UneditedRef, LatentEdit, Corners } from '../../../protocol/selection';
import type { EditedQuery, EditedView, LatentsView } from '../../../protocol/latents';
import { recordKey } from '../../../protocol/webview';
import { sampleLatents, sourceOf, type ExampleBatch } from '../../model/examples';
import { cropImages, roundDown } from '../../model/inputs';
import { exampleShape, decodeLatents } from '../../model/latents';
import { scoreBatch } from '../examples';
import { latentPlaces, sourcesOf, type ExampleLatents, wayRunner } from './sources';
import { checkIndex, checkWhole, type Inquiry, type SharedInquiry } from '../inquiry';
import type {
  ManifoldQuery,
  ManifoldView,
  ReconstructQuery,
  Reconstructions,
} from '../../../protocol/inspect';
import { manifoldAngles, manifoldLatents, manifoldPoint } from '../../use/manifold';
import { freshLatents, keepScales, keptCounts, reconstructionLatents, scalesOf } from '../../use/reconstruct';
import { checkDraw } from './samples';
import type { InspectedFlow } from '../../model/inspected-flow';

/** @throws UserError for an example that does not exist, or a file without a way to z; CancelledError */
export async function latents(
  { model, work, signal }: SharedInquiry,
  { example }: { example: UneditedRef },
): Promise<LatentsView> {
  const { z } = await keptLatents({ model, work, signal }, example);
  const known = defined({ scales: model.runner.latentScales, places: latentPlaces(model) });
  return { shape: [...model.flow.inputShape], z, ...known };
}

/** @throws UserError for elements that z does not have, or a file without a way back to x; CancelledError */
export async function edited(inquiry: SharedInquiry, { example, edits }: EditedQuery): Promise<EditedView> {
  const { model } = inquiry;
  const { z: start, context } = await keptLatents(inquiry, example);
  const z = withEdits(start, edits);
  const { x } = await (await wayRunner(model, 1)).inverse(z, 1, 'data', { context });
  return {
    ...(await costOf(inquiry, { x, context })),
    // After the score, which is of integers with their noise.
    values: {
      shape: exampleShape(model.runner),
      data: roundDown(cropImages(x, 1, model.config), model.runner),
    },
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
    if (!Number.isFinite(value))
      throw new UserError(`Latent ${element} was set to ${value}; expected a finite number.`);
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

const mostAngles = 64;

/** Points of the manifold that four examples span. @throws UserError for a query that cannot be answered */
export async function manifold({ model, signal }: Inquiry, query: ManifoldQuery): Promise<ManifoldView> {
  const { angles: count, range } = query;
  checkWhole(count, 2, mostAngles, `A grid of ${count} angles a side was asked for; expected`);
  const corners = await sourcesOf(model, checkCorners(query.corners), signal);
  const size = model.dimensions;
  const angles = manifoldAngles(count, range);
  const z = manifoldLatents(corners.z, size, angles);
  const { shape, data } = await decodeLatents(await wayRunner(model, count ** 2), z, count ** 2, {
    signal,
    context: firstContext(corners),
  });
  return {
    angles,
    values: { shape: [count, count, ...shape.slice(1)], data: roundDown(data, model.runner) },
    corners: corners.shown,
    norms: { shape: [count, count], data: lengths(z, size) },
  };
}

/** Euclidean lengths of the rows of [n, size]. */
function lengths(z: Float32Array, size: number): Float32Array {
  return Float32Array.from({ length: z.length / size }, (_, i) =>
    Math.sqrt(rowAt(z, size, i).reduce((sum, value) => sum + value ** 2, 0)),
  );
}

/** The latent of one point. */
export async function manifoldExample(
  { model, signal }: Inquiry,
  { corners, phi, phiPrime }: Extract<ExampleRef, { kind: 'manifold' }>,
): Promise<ExampleLatents> {
  if (!Number.isFinite(phi) || !Number.isFinite(phiPrime))
    throw new UserError(`The angles are ${phi} and ${phiPrime}; expected numbers.`);
  const sources = await sourcesOf(model, checkCorners(corners), signal);
  const context = firstContext(sources);
  return { z: manifoldPoint(sources.z, model.dimensions, phi, phiPrime), ...(context ? { context } : {}) };
}

/** The first corner's, for all points: one can only be decoded given some context. */
function firstContext({ context }: ExampleLatents): Float32Array | undefined {
  return context?.subarray(0, context.length / 4);
}

function checkCorners(corners: Corners): Corners {
  if ((corners.length as number) === 4) return corners;
  throw new UserError(`A manifold is spanned by four examples; ${corners.length as number} were given.`);
}

const mostExamples = 64;

/** @throws UserError for flows of one scale, and for a query that cannot be answered */
export async function reconstruct(
  { model, signal }: Inquiry,
  query: ReconstructQuery,
): Promise<Reconstructions> {
  checkDraw(query);
  const { examples } = query;
  const rows = examples.length;
  if (rows < 1 || rows > mostExamples)
    throw new UserError(`${rows} examples were given to reconstruct; expected 1 to ${mostExamples}.`);
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
