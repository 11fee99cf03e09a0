import { UserError } from '../../../base/user-error';
import type { ManifoldQuery, ManifoldView } from '../../../protocol/inspect';
import type { Corners, ExampleRef } from '../../../protocol/selection';
import { decodeLatents } from '../../model/latents';
import { manifoldAngles, manifoldLatents, manifoldPoint } from '../../use/manifold';
import { sourcesOf, type ExampleLatents, wayRunner } from './sources';
import { checkWhole } from '../within';
import type { Inquiry } from '../inquiry';

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
    values: { shape: [count, count, ...shape.slice(1)], data },
    corners: corners.shown,
    norms: { shape: [count, count], data: lengths(z, size) },
  };
}

/** Euclidean lengths of the rows of [n, size]. */
function lengths(z: Float32Array, size: number): Float32Array {
  const out = new Float32Array(z.length / size);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = i * size; k < (i + 1) * size; k++) sum += z[k]! ** 2;
    out[i] = Math.sqrt(sum);
  }
  return out;
}

/** The latent of one point. */
export async function manifoldExample(
  { model, signal }: Inquiry,
  { corners, phi, phiPrime }: Extract<ExampleRef, { kind: 'manifold' }>,
): Promise<ExampleLatents> {
  if (!Number.isFinite(phi) || !Number.isFinite(phiPrime)) {
    throw new UserError(`The angles are ${phi} and ${phiPrime}; expected numbers.`);
  }
  const sources = await sourcesOf(model, checkCorners(corners), signal);
  const context = firstContext(sources);
  return {
    z: manifoldPoint(sources.z, model.dimensions, phi, phiPrime),
    ...(context ? { context } : {}),
  };
}

/** The first corner's, for all points: one can only be decoded given some context. */
function firstContext({ context }: ExampleLatents): Float32Array | undefined {
  return context?.subarray(0, context.length / 4);
}

function checkCorners(corners: Corners): Corners {
  if ((corners.length as number) === 4) return corners;
  throw new UserError(`A manifold is spanned by four examples; ${corners.length as number} were given.`);
}
