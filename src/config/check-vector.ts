/** Settings of a vector model that do not go together. */
import { perFeature } from './bases';
import { checkField } from './field-layer';
import { checkTransform } from './check-transform';
import type { TransformConfig } from './layer-parts';
import { problem, type Problem } from './problem';
import type { VectorModelConfig } from './schema';
import { parametersOf } from './transforms';

/** Graphs of autoregressive layers have the network once for each feature. */
export const mostOneByOne = 64;

export function checkVector(model: VectorModelConfig): Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, message: string) => problems.push({ path: `model.${field}`, message });
  const coupled = model.layers
    ? model.layers.some(({ kind }) => kind === 'coupling')
    : model.layer === 'coupling';
  if (model.dim < 2 && coupled)
    add(
      'dim',
      `expected at least 2 features, since a coupling transforms one feature given another, got ${model.dim}; a flow of one feature has autoregressive layers alone, as in the presets "maf" and "nsf-autoregressive"`,
    );
  if (model.net === 'residual' && model.hidden.some((width) => width !== model.hidden[0]))
    add(
      'hidden',
      `expected equal widths, since all layers of a residual net have the same width, got ${model.hidden.join(', ')}`,
    );
  if (model.net !== 'mlp' && model.hidden.length === 0)
    add('hidden', `expected a width or more for net "${model.net}", got []; an MLP may have no hidden layer`);
  if (model.net !== 'residual' && model.netNorm)
    add(
      'netNorm',
      model.net === 'mlp'
        ? 'expected false, or net "residual": an MLP has no batch normalization'
        : 'expected false, or net "residual"; what normalizes a dense net is denseNorm',
    );
  const { transform } = model;
  const shifts =
    typeof transform === 'string'
      ? parametersOf(transform).includes('shift')
      : transform.kind === 'affine' || transform.kind === 'additive';
  const hasShiftNet = model.nets === 'separate' && shifts;
  if (model.shiftActivation !== undefined && !hasShiftNet)
    add(
      'shiftActivation',
      'expected none, or `nets` "separate" and a transform with a shift: no network gives t alone',
    );
  const autoregressive = model.layers
    ? model.layers.some(({ kind }) => kind === 'autoregressive')
    : model.layer === 'autoregressive';
  if (model.sees === 'output' && !(model.layer === 'autoregressive' && !model.layers))
    add(
      'sees',
      model.layers
        ? 'expected "input": where `layers` are given, each of them says what its network sees'
        : 'expected "input", or `layer` "autoregressive": a coupling sees the features that it does not change',
    );
  if (autoregressive && model.net === 'dense')
    add('net', 'expected "mlp" or "residual": dense nets have no masks, which autoregressive layers need');
  if (model.net === 'dense' && model.contextEntry !== 'input')
    add('contextEntry', 'expected "input": a dense net has no layer over the context alone');
  if (autoregressive && model.flowNorm)
    add(
      'flowNorm',
      'expected false, or no autoregressive layers; `between` "batchNorm" normalizes between these',
    );
  if (autoregressive && model.scaleMean === 'removed')
    add(
      'scaleMean',
      'expected "kept", or no autoregressive layers: a mean over all features depends on later ones',
    );
  if (autoregressive && model.dim > mostOneByOne)
    add(
      'dim',
      `expected at most ${mostOneByOne} features with autoregressive layers, which compute them one after the other, got ${model.dim}`,
    );
  if (typeof model.transform !== 'string') {
    const kind = autoregressive ? 'autoregressive' : 'coupling';
    problems.push(...checkTransformOf(model.transform, kind, 'model.transform'));
  }
  if (model.layers) problems.push(...checkLayers(model.layers, model));
  problems.push(...checkBase(model));
  return problems;
}

function checkLayers(layers: NonNullable<VectorModelConfig['layers']>, model: VectorModelConfig): Problem[] {
  const { dim } = model;
  const problems = layers.flatMap((layer, i): Problem[] => {
    const path = `model.layers.${i}`;
    if (layer.kind === 'coupling')
      return [...checkMask(layer.mask, dim, `${path}.mask`, 'feature'), ...checkParts(layer, model, path)];
    if (layer.kind === 'permute') return checkOrder(layer.order, dim, `${path}.order`, 'feature');
    if (layer.kind === 'autoregressive')
      return [...checkPlaces(layer.order, dim, `${path}.order`), ...checkParts(layer, model, path)];
    if (layer.kind === 'plu') {
      return [
        ...(layer.order ? checkOrder(layer.order, dim, `${path}.order`, 'feature') : []),
        ...checkLengths({ signs: layer.signs }, dim, path),
      ];
    }
    if (layer.kind === 'field') {
      const lengths = layer.net.kind === 'sbi' ? checkLengths(layer.net, dim, `${path}.net`) : [];
      return [...checkField(layer, dim, path), ...lengths];
    }
    if (layer.kind === 'rescale') return checkLengths(layer, dim, path);
    return [];
  });
  return layers.some(({ kind }) => kind === 'coupling' || kind === 'autoregressive' || kind === 'field')
    ? problems
    : [
        ...problems,
        ...problem('model.layers', 'expected at least one coupling, autoregressive layer or field'),
      ];
}

/** The transform and the network that a layer has for itself. */
function checkParts(
  layer: Extract<NonNullable<VectorModelConfig['layers']>[number], { kind: 'coupling' | 'autoregressive' }>,
  model: VectorModelConfig,
  path: string,
): Problem[] {
  const { transform, net } = layer;
  const problems: Problem[] = transform ? checkTransformOf(transform, layer.kind, `${path}.transform`) : [];
  const add = (field: string, message: string) => problems.push({ path: `${path}.${field}`, message });
  const autoregressive = layer.kind === 'autoregressive';
  if (autoregressive && net?.kind === 'dense')
    add(
      'net.kind',
      'expected "mlp" or "residual": dense nets have no masks, which autoregressive layers need',
    );
  if (layer.kind === 'coupling' && layer.shiftNet && (layer.nets ?? model.nets) === 'joint')
    add('shiftNet', 'expected none, or `nets` "separate": no network gives t alone');
  if (layer.kind === 'coupling' && transform && layer.scaleClamp !== undefined)
    add('scaleClamp', 'expected none beside `transform`, which has a `scaleClamp` for itself');
  return problems;
}

/** @param path of the transform, an object */
function checkTransformOf(
  transform: TransformConfig,
  kind: 'coupling' | 'autoregressive',
  path: string,
): Problem[] {
  const problems = checkTransform(transform, (setting) => `${path}.${setting}`);
  if (transform.kind !== 'affine') return problems;
  const { scaleMean } = transform;
  const add = (message: string) => problems.push({ path: `${path}.scaleMean`, message });
  if (scaleMean === 'pixel' || scaleMean === 'image')
    add(`expected "kept" or "removed" for vectors, got "${scaleMean}"`);
  if (scaleMean === 'removed' && kind === 'autoregressive')
    add('expected "kept": a mean over all features depends on later ones');
  return problems;
}

/** Lists among the fields have an entry for each feature. */
function checkLengths(fields: object, dim: number, path: string): Problem[] {
  return Object.entries(fields).flatMap(([field, value]: [string, unknown]): Problem[] =>
    Array.isArray(value) && value.length !== dim
      ? problem(`${path}.${field}`, `expected ${dim} numbers, one for each feature, got ${value.length}`)
      : [],
  );
}

function checkBase({ base, dim, context }: VectorModelConfig): Problem[] {
  if (base.kind === 'conditionalNormal') {
    if (context > 0) return [];
    const message =
      'expected another base, or a context: without one there is nothing that it could depend on';
    return problem('model.base.kind', message);
  }
  const problems = checkLengths(base, dim, 'model.base');
  if (problems.length > 0 || !('lower' in base)) return problems;
  const [lower, upper] = [perFeature(base.lower, dim), perFeature(base.upper, dim)];
  const empty = lower.findIndex((value, i) => !(value < upper[i]!));
  if (empty < 0) return [];
  return problem(
    'model.base.upper',
    `expected more than lower in each feature, got ${upper[empty]} and ${lower[empty]} in feature ${empty}`,
  );
}

/** Whether there is an entry for each feature or channel. */
export function checkCount(
  list: readonly number[],
  count: number,
  path: string,
  what: 'feature' | 'channel',
): Problem[] {
  if (list.length === count) return [];
  return problem(path, `expected ${count} entries, one for each ${what}, got ${list.length}`);
}

export function checkMask(...[mask, count, path, what]: Parameters<typeof checkCount>): Problem[] {
  if (mask.length !== count) return checkCount(mask, count, path, what);
  if (!mask.includes(0))
    return problem(path, `expected at least one 0: with only 1 no ${what} is transformed`);
  if (!mask.includes(1))
    return problem(path, `expected at least one 1: with only 0 there is no identity ${what}`);
  return [];
}

/** Whether each feature has a place, and none is left out. */
function checkPlaces(order: readonly number[], dim: number, path: string): Problem[] {
  if (order.length !== dim) return checkCount(order, dim, path, 'feature');
  const places = new Set(order);
  const missing = Array.from({ length: places.size }, (_, place) => place).find(
    (place) => !places.has(place),
  );
  if (missing === undefined) return [];
  return problem(path, `expected the places from 0 to the last, each at least once; ${missing} is not there`);
}

/** Whether each of `dim` numbers is in it once. */
export function checkOrder(...[order, dim, path, what]: Parameters<typeof checkCount>): Problem[] {
  if (order.length !== dim) return checkCount(order, dim, path, what);
  const seen = new Set<number>();
  for (const feature of order) {
    if (feature >= dim) return problem(path, `expected ${what}s 0 to ${dim - 1}, got ${feature}`);
    if (seen.has(feature)) return problem(path, `expected each ${what} once, got ${feature} twice`);
    seen.add(feature);
  }
  return [];
}
