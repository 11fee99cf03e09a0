/** The rows of the strip, from data to latent, for a flow that was found in a file. */
import { range } from '../../base/order';
import { several } from '../../base/user-error';
import type { Bijection } from '../../flow/core/bijection';
import { inOrder } from '../../protocol/layer-moves';
import type { LayerInfo, LayerKind } from '../../protocol/model';
import type { InspectedLayer, StoredTensor } from '../model/inspected-flow';
import { describeLayer, movesOf, parameterCount, type ModelLayer } from '../model/layer-list';
import { onlyMoves } from '../../protocol/questions';
import { sizeOf } from '../../base/shape';
import type { AnalyzedFlow } from './analyze';
import { inverseOf, timesVector } from '../../base/determinant';
import type { FoundLayer } from './layers';

export interface FlowRow extends InspectedLayer {
  info: LayerInfo;
  /** Outside of the file: pixels to logits. */
  outside?: boolean;
  /** What was found of a coupling, a norm or a span that is not understood; absent for rows that only move values. */
  found?: FoundLayer;
  /** Variables at the row's input and output, from data to latent; empty for a row outside of the file. */
  before: Int32Array;
  after: Int32Array;
  /** Element of the row for each place in the flow's input; −1 for those that it does not see. */
  elementAt: Int32Array;
}

export type FlowRows = ReturnType<typeof flowRows>;

interface RowPlan extends Pick<FlowRow, 'found' | 'outside'> {
  info: Omit<LayerInfo, 'index'>;
  positions: Int32Array;
  /** Positions of the output, where they differ. */
  after?: Int32Array;
  mask?: { shape: readonly number[]; data: Float32Array };
  parameters: StoredTensor[];
}

/**
 * @param native rows of our own flow, where the file says which it holds; they are used when what was found agrees
 * @param outside preprocessing that the file leaves to others
 */
export function flowRows(
  flow: AnalyzedFlow,
  native: readonly ModelLayer[] | undefined,
  outside: Bijection | undefined,
) {
  const { probe, outputPositions, inputIds } = flow;
  /** Whether the file runs from z to x, so that scales and shifts turn around. */
  const backward = probe.ports.direction === 'inverse';
  const turned = new Int32Array(outputPositions.length);
  outputPositions.forEach((position, k) => (turned[position] = k));
  const toData = (positions: Int32Array): Int32Array =>
    backward ? positions.map((position) => turned[position]!) : positions;
  const layers = (backward ? flow.layers.toReversed() : flow.layers).map((layer) => ({
    ...layer,
    positions: toData(layer.positions),
  }));
  const plans = planned(flow, layers, native, outside);

  const size = outputPositions.length;
  // The value at each place, from data to latent. In a backward file the last layer's end is x.
  let state = new Int32Array(size);
  if (backward)
    for (const { positions, end } of layers.toReversed()) positions.forEach((p, k) => (state[p] = end[k]!));
  else state = Int32Array.from(inputIds);
  if (backward) {
    const touched = new Set(layers.flatMap(({ positions }) => [...positions]));
    turned.forEach((p, i) => {
      if (!touched.has(p)) state[p] = inputIds[i]!;
    });
  }
  const rows = plans.map((plan, index): FlowRow => {
    const { found, positions, mask, parameters } = plan;
    const before = plan.outside ? new Int32Array(0) : positions.map((p) => state[p]!);
    if (found) {
      const next = backward ? found.start : found.end;
      found.positions.forEach((p, k) => (state[p] = next[k]!));
    }
    const after = plan.outside ? new Int32Array(0) : (plan.after ?? positions).map((p) => state[p]!);
    const elementAt = new Int32Array(size).fill(-1);
    positions.forEach((p, k) => (elementAt[p] = k));
    return {
      info: { ...plan.info, ...declared(plan, backward), index },
      ...(plan.outside ? { outside: true } : { flow: { positions, ...(mask ? { mask } : {}) } }),
      ...(found ? { found } : {}),
      ...(found?.mixing ? { linear: linearOf(found, elementAt, backward) } : {}),
      ...(parameters.length > 0 ? { bijection: { parameters, state: [] } } : {}),
      before,
      after,
      elementAt,
    };
  });
  /** Place in the flow's input (x, channels last) of each element of z. */
  const latentPositions = backward ? turned : outputPositions;
  return { rows, latentPositions, backward };
}

/** Like `InspectedFlow.turned`: between two rows values can be moved without a row of their own. */
export function turnedOf(rows: readonly FlowRow[]): (readonly number[] | undefined)[] | undefined {
  const turned = rows.map(({ before, flow }, i) => {
    const order =
      i === 0
        ? Array.from(before, (_, place) => flow?.positions.indexOf(place) ?? place)
        : Array.from(rows[i - 1]!.after, (id) => before.indexOf(id));
    return order.includes(-1) || order.every((at, k) => at === k) ? undefined : order;
  });
  return turned.some(Boolean) ? turned : undefined;
}

/** y = matrix · x + offset from data to latent, in the order of the row. */
function linearOf(
  { mixing, positions }: FoundLayer,
  elementAt: Int32Array,
  backward: boolean,
): InspectedLayer['linear'] {
  const n = positions.length;
  const at = positions.map((position) => elementAt[position]!);
  const matrix = new Float64Array(n * n);
  const offset = new Float64Array(n);
  at.forEach((row, i) => {
    offset[row] = mixing!.offset[i]!;
    at.forEach((column, j) => (matrix[row * n + column] = mixing!.matrix[i * n + j]!));
  });
  const inverse = inverseOf(matrix, n);
  if (!backward) return { matrix, inverse, offset };
  const back = timesVector(inverse, offset).map((value) => -value);
  return { matrix: inverse, inverse: matrix, offset: back };
}

/** Whether all pixels are mixed by one matrix of their channels; vectors are one pixel. */
function isPerPixel({ mixing, shape }: FoundLayer): boolean {
  const channels = shape.at(-1)!;
  const n = shape.reduce((a, b) => a * b, 1);
  const { matrix } = mixing!;
  const scale = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return matrix.every((value, k) => {
    const [row, column] = [Math.floor(k / n), k % n];
    const isSameBlock = Math.floor(row / channels) === Math.floor(column / channels);
    const expected = isSameBlock ? matrix[(row % channels) * n + (column % channels)]! : 0;
    return Math.abs(value - expected) <= 1e-5 * scale;
  });
}

/** What the file shows of a row, whatever a config says: scales that are all zero leave no trace in a graph. */
function declared({ found, outside }: RowPlan, backward: boolean): Partial<LayerInfo> {
  if (!found) return outside ? {} : { preservesVolume: true };
  const { kind } = found;
  if (kind === 'norm') return {};
  const order = kind === 'autoregressive' ? orderOf(found) : {};
  if (found.curved) {
    return {
      ...order,
      curved: true,
      quantities: undefined,
      formula: undefined,
      spline: undefined,
      preservesVolume: undefined,
    };
  }
  if (kind === 'mixing') {
    return {
      mixes: isPerPixel(found) ? true : undefined,
      preservesVolume: Math.abs(found.constantLogDet) > 1e-4 ? undefined : true,
    };
  }
  if (kind !== 'coupling' && kind !== 'autoregressive') return {};
  const t = { name: 't', role: 'shift' as const };
  const shifts = !found.logScale && !found.lacksLogScale;
  return {
    ...order,
    quantities: shifts ? [t] : [{ name: 's', role: 'logScale' }, t],
    formula: shifts
      ? 'x + t'
      : found.lacksLogScale
        ? undefined
        : shiftFirst(found, backward)
          ? '( x + t ) · exp( s )'
          : 'x · exp( s ) + t',
    preservesVolume: shifts ? true : undefined,
  };
}

/** From the first feature, which depends on none, to the last. */
function orderOf({ places, shape }: FoundLayer): Partial<LayerInfo> {
  if (!places || shape.length !== 1) return {};
  const order = Array.from(places.keys()).sort((a, b) => places[a]! - places[b]! || a - b);
  const shared = new Set(places).size < places.length;
  return { order, places: shared ? Array.from(places) : undefined };
}

/** Whether a coupling is (x + t)·eˢ from data to latent; turned around, the other form comes out. */
export function shiftFirst({ form }: Pick<FoundLayer, 'form'>, backward: boolean): boolean {
  return (form === '(x + t)·eˢ') !== backward;
}

function planned(
  flow: AnalyzedFlow,
  layers: readonly FoundLayer[],
  native: readonly ModelLayer[] | undefined,
  outside: Bijection | undefined,
): RowPlan[] {
  const parametersOf = storedOf(flow);
  const fitted = native && fitNative(layers, native, parametersOf);
  if (fitted) return fitted;
  const plans = foundPlans(layers, parametersOf);
  if (!outside) return plans;
  const { name, inputShape, outputShape } = outside;
  return [
    {
      info: {
        name,
        kind: 'logit',
        scale: 0,
        inputShape: [...inputShape],
        outputShape: [...outputShape],
        parameterCount: 0,
        hasNorm: false,
        description: `${inputShape.join('×')}, pixels to logits (assumed)`,
        assumed: true,
      },
      positions: Int32Array.from(range(sizeOf(inputShape))),
      outside: true,
      parameters: [],
    },
    ...plans,
  ];
}

const floatTypes = new Set([1, 10, 11]);

function storedOf({ probe: { graph } }: AnalyzedFlow): (layer: FoundLayer) => StoredTensor[] {
  return ({ stored }) =>
    stored.flatMap((name) => {
      const tensor = graph.initializers.get(name)!;
      if (!floatTypes.has(tensor.dataType ?? 0)) return [];
      return [{ name, shape: (tensor.dims ?? []).map(Number) }];
    });
}

/** Our own rows, each with what was found of it; undefined when the file holds something else than it says. */
function fitNative(
  layers: readonly FoundLayer[],
  native: readonly ModelLayer[],
  parametersOf: (layer: FoundLayer) => StoredTensor[],
): RowPlan[] | undefined {
  const left = [...layers];
  const plans: RowPlan[] = [];
  for (const { info, flow } of native) {
    const { index, ...rest } = info;
    const positions = flow?.positions ?? Int32Array.from(range(sizeOf(info.inputShape)));
    const isOutside = info.kind === 'logit' || info.kind === 'pixels';
    if (isOutside || (flow && onlyMoves(info))) {
      plans.push({ info: rest, positions, outside: isOutside, parameters: [] });
      continue;
    }
    const found = left.shift();
    const coupling = info.coupling !== undefined;
    const expectedKind = coupling
      ? 'coupling'
      : info.kind === 'autoregressive'
        ? 'autoregressive'
        : info.mixes
          ? 'mixing'
          : 'norm';
    if (found?.kind !== expectedKind) return undefined;
    const changed = new Set([...found.positions].filter((_unused, k) => found.moves[k] === 1));
    const expected = [...positions].filter((_unused, k) => (flow?.mask ? flow.mask.data[k] === 0 : true));
    if (changed.size !== expected.length || !expected.every((p) => changed.has(p))) return undefined;
    plans.push({ info: rest, positions, mask: flow?.mask, found, parameters: parametersOf(found) });
  }
  if (left.length > 0) return undefined;
  // The output of a row that only moves values is where the next row reads it.
  plans.forEach((plan, i) => {
    if (!plan.found && !plan.outside) plan.after = plans[i + 1]?.positions ?? plan.positions;
  });
  return plans;
}

function foundPlans(
  layers: readonly FoundLayer[],
  parametersOf: (layer: FoundLayer) => StoredTensor[],
): RowPlan[] {
  const counts: Record<string, number> = {};
  const numbered = (name: string): string => `${name}.${(counts[name] = (counts[name] ?? -1) + 1)}`;
  const plans: RowPlan[] = [];
  let couplings = 0;
  let scale = 0;
  let last: { shape: number[]; positions: Int32Array } | undefined;
  for (const found of layers) {
    const { shape, positions } = found;
    const smaller = last !== undefined && positions.length < last.positions.length;
    const folded = last?.positions.length === positions.length && last.shape.join() !== shape.join();
    // Only what follows on what came before: elsewhere another part of the value is worked on.
    if (last && (smaller || folded) && within(positions, last.positions)) {
      const kind: LayerKind = smaller ? 'factorOut' : 'squeeze';
      if (smaller) scale++;
      const info = {
        name: numbered(smaller ? 'factorOuts' : 'squeezes'),
        kind,
        scale: smaller ? scale - 1 : scale,
        inputShape: last.shape,
        outputShape: shape,
        parameterCount: 0,
        hasNorm: false,
        description: smaller
          ? `${shape.join('×')} of ${last.shape.join('×')} go on, the others go to z`
          : `${last.shape.join('×')} folded to ${shape.join('×')}`,
      };
      plans.push({ info, positions: last.positions, after: positions, parameters: [] });
    }
    const parameters = parametersOf(found);
    const mask =
      found.kind === 'coupling'
        ? { shape, data: Float32Array.from(found.moves, (moves) => 1 - moves) }
        : undefined;
    const { folder, ...shown } = mask ? couplingShown(found, mask) : shownAs(found);
    plans.push({
      info: {
        name: numbered(folder),
        scale,
        inputShape: shape,
        outputShape: shape,
        parameterCount: parameterCount(parameters),
        hasNorm: false,
        ...shown,
        ...(mask ? { coupling: couplings++ } : {}),
      },
      positions,
      ...(mask ? { mask } : {}),
      found,
      parameters,
    });
    last = { shape, positions };
  }
  return plans;
}

function within(part: Int32Array, whole: Int32Array): boolean {
  const set = new Set(whole);
  return part.every((p) => set.has(p));
}

function operatorText({ operators }: FoundLayer): string {
  const total = operators.reduce((sum, { count }) => sum + count, 0);
  const shown = operators.slice(0, 6).map(({ op, count }) => `${op} ${count}`);
  return `${several(total, 'node')}: ${shown.join(', ')}${operators.length > 6 ? ', …' : ''}`;
}

/** By whether the mask changes along rows and columns or from channel to channel. */
function maskKind({ shape, data }: { shape: readonly number[]; data: Float32Array }): LayerKind {
  if (shape.length !== 3) return 'vector';
  const channels = shape[2]!;
  return data.every((value, k) => value === data[k % channels]) ? 'channelwise' : 'checkerboard';
}

/** How a row is shown: the folder of its name, its kind and its description. */
type Shown = { folder: string } & Pick<LayerInfo, 'kind' | 'description'> &
  Partial<Pick<LayerInfo, 'hasNorm' | 'moves'>>;

function shownAs(found: FoundLayer): Shown {
  const { kind, shape } = found;
  const size = shape.join('×');
  switch (kind) {
    case 'norm':
      return {
        folder: 'norms',
        kind: found.operators.some(({ op }) => op === 'BatchNormalization') ? 'batchNorm' : 'actNorm',
        description: `${size}, the same shift and scale for every example`,
      };
    case 'autoregressive': {
      const { order = [] } = orderOf(found);
      const description = `${size}, each feature given those before it${inOrder({ order })}`;
      return { folder: kind, kind, description };
    }
    case 'mixing':
      return shape.length === 3 && isPerPixel(found)
        ? {
            folder: 'convolutions',
            kind: 'conv1x1',
            description: `${size}, learned mixing of the channels of each pixel (1×1 convolution)`,
          }
        : {
            folder: 'linears',
            kind: 'linear',
            description: `${size}, the same linear mixing for every example`,
          };
    case 'elementwise': {
      const description = `${size}, each value by a function of its own, the same for every example`;
      return { folder: kind, kind, description };
    }
    default: {
      const description = `${size}, not understood: ${found.reason}; ${operatorText(found)}`;
      return { folder: 'unknown', kind: 'unknown', description };
    }
  }
}

/** @param mask 1 where a value passes unchanged */
function couplingShown(
  { curved, constants, constantLogDet }: FoundLayer,
  mask: { shape: readonly number[]; data: Float32Array },
): Shown {
  const kind = maskKind(mask);
  const hasNorm = !curved && (constants !== undefined || Math.abs(constantLogDet) > 1e-6);
  const layer = {
    name: '',
    kind,
    scale: 0,
    inputShape: mask.shape,
    outputShape: mask.shape,
    mask,
    hasNorm,
    positions: new Int32Array(0),
  };
  const moves = movesOf(layer);
  const description = `${describeLayer(layer)}${curved ? ', each by a curve' : ''}`;
  return { folder: 'couplings', kind, hasNorm, description, ...(moves ? { moves } : {}) };
}
