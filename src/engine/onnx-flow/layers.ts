/** Layers of a flow as they were found in a graph: what they change, in which arrangement, and where to read it. */
import type { Layout } from '../model/runner';
import { sizeOf } from '../../base/shape';
import type { Cut } from './cuts';
import { needed, type GraphNode } from './graph';
import type { OrderedGroup, StepGroup } from './group';
import { locateLogScale, locateShift, type Located } from './locate';
import { countOperators } from '../onnx-file/read';
import type { AffineStep, MixingStep, OrderedStep } from './step';
import type { NumberedProbe, NumberedTensor, Variables } from './variables';

/** Elements of tensors, in the order of a layer's elements on the page. */
export type Elements = ReturnType<typeof elementsOf>;

/** Where to read variables. */
export function elementsOf({ tensors, home, place }: Variables, ids: Int32Array) {
  const names: string[] = [];
  const number = new Map<number, number>();
  const which = ids.map((id) => {
    const index = home[id]!;
    if (!number.has(index)) {
      number.set(index, names.length);
      names.push(tensors[index]!.name);
    }
    return number.get(index)!;
  });
  return { tensors: names, which, places: ids.map((id) => place[id]!) };
}

/** Values of elements that move, in their order. */
export interface MovedValues {
  located: Located;
  /** Element of the layer for each value. */
  elements: Int32Array;
}

/** Constant change of each element: (v − mean) / deviation. */
export interface ConstantNorm {
  mean: Float64Array;
  deviation: Float64Array;
}

/** Part of a log-det: the sum over an example's elements of a tensor, times a factor. */
export interface LogDetTerm {
  tensor: string;
  factor: number;
}

export interface FoundLayer {
  /** `elementwise`: a function of each value alone, the same for every example. */
  kind: 'coupling' | 'autoregressive' | 'mixing' | 'elementwise' | 'norm' | 'unknown';
  /** [D] or [H, W, C]. */
  shape: number[];
  /** Variables of the whole flow where it begins. */
  before: Int32Array;
  /** Variables at its input and output, in the direction that the file runs in. */
  start: Int32Array;
  end: Int32Array;
  /** 1 where an element changes. */
  moves: Uint8Array;
  /** For each element its place in the input of the file, channels last. */
  positions: Int32Array;
  /** ln |a| that is the same for every example, summed; nats. */
  constantLogDet: number;
  constants?: ConstantNorm;
  /** ln |a| that varies. Absent for couplings that only shift. */
  logScale?: MovedValues;
  /** Whether it varies but was not found in any tensor. */
  lacksLogScale: boolean;
  /** Each value by a map that is not a·v + b: there is no s and no t. */
  curved?: true;
  /** Where the file has its log-det, besides the constant; absent where s is known, or nothing. */
  terms?: LogDetTerm[];
  /** The constant log-det is what central differences say. */
  estimated?: true;
  /** ln |∂y/∂x| of values that move, of a map that is curved, where the file has it. */
  slopes?: MovedValues;
  /** The same by central differences: in each run of the probe, for the elements that move, in their order. */
  slopesAt?: Float64Array[];
  /** For `autoregressive`: how many steps come before each element, in the direction that the file runs in. */
  places?: Int32Array;
  /** For `mixing`: end = matrix · start + offset, [n, n] and [n], in the layer's order. */
  mixing?: { matrix: Float64Array; offset: Float64Array };
  /** Nodes between its input and output. */
  nodes: readonly GraphNode[];
  shift?: MovedValues;
  /** y = x·eˢ + t or (x + t)·eˢ. */
  form?: 'x·eˢ + t' | '(x + t)·eˢ';
  /** Why it is not understood. */
  reason?: string;
  /** Operators of the nodes between its input and output. */
  operators: { op: string; count: number }[];
  /** Names of the stored tensors that they read. */
  stored: string[];
}

/** Elements that change. */
export function movingOf({ moves }: FoundLayer): number[] {
  return Array.from(moves.keys()).filter((k) => moves[k] === 1);
}

/** Place in the file's layout of each element in the page's. */
export function pageOrder(shape: readonly number[], layout: Layout): Int32Array {
  const size = sizeOf(shape);
  const order = Int32Array.from({ length: size }, (_, i) => i);
  if (layout === 'nhwc' || shape.length !== 3) return order;
  const [channels, height, width] = shape as [number, number, number];
  const plane = height * width;
  return order.map((k) => (k % channels) * plane + Math.floor(k / channels));
}

/** [C, H, W] as [H, W, C] where the file has channels first. */
export function pageShape(shape: readonly number[], layout: Layout): number[] {
  const [channels = 0, height = 0, width = 0] = shape;
  return layout === 'nchw' && shape.length === 3 ? [height, width, channels] : [...shape];
}

export function layerBuilder(probe: NumberedProbe) {
  const { graph, ports, shapes, batch, variables } = probe;
  const { tensors, home, nameOf } = variables;
  const lineage = new Int32Array(variables.count).fill(-1);
  pageOrder(ports.shape, ports.layout).forEach((from, k) => {
    lineage[tensors[0]!.ids[from]!] = k;
  });

  /**
   * The shape and the variables of the layer's output, in the page's order: of the first tensor that holds what the layer
   * made and nothing that is not of the flow.
   */
  const arrange = (made: ReadonlySet<number>, to: Cut, withOthers: boolean) => {
    const live = new Set(to);
    let first = Infinity;
    for (const id of made) first = Math.min(first, tensors[home[id]!]!.order);
    const fits = ({ ids, order }: NumberedTensor): boolean => {
      if (order < first || ids.length < made.size || (withOthers && ids.length === made.size)) return false;
      const seen = new Set<number>();
      let madeCount = 0;
      for (const id of ids) {
        if (!live.has(id) || seen.has(id)) return false;
        seen.add(id);
        if (made.has(id)) madeCount++;
      }
      return madeCount === made.size;
    };
    const found = tensors.find(fits);
    if (found) {
      const shape = eventShape(shapes.get(found.name)!, found.ids.length, batch);
      const order = pageOrder(shape, ports.layout);
      return { shape: pageShape(shape, ports.layout), ids: order.map((from) => found.ids[from]!) };
    }
    const ids = Int32Array.from(withOthers ? to : made).sort((a, b) => lineage[a]! - lineage[b]!);
    return { shape: [ids.length], ids };
  };

  return {
    /** Place in the file's input of each variable that has been followed so far. */
    positionOf: (id: number) => lineage[id]!,
    /** @param from and `to` are the cuts around the group */
    build(group: StepGroup, from: Cut, to: Cut) {
      const before = new Map<number, number>();
      follow(group, lineage, before);
      const old = new Set(from);
      const made = new Set([...to].filter((id) => !old.has(id)));
      const others = group.kind === 'coupling' || group.kind === 'ordered' || group.kind === 'mixing';
      const { shape, ids } = arrange(made, to, others && made.size < to.length);
      const start = ids.map((id) => before.get(id) ?? id);
      const nodes = needed(graph, names(made), new Set(names(old)), shapes).nodes;
      const stored = [...new Set(nodes.flatMap(({ reads }) => reads))].filter((name) =>
        graph.initializers.has(name),
      );
      return {
        shape,
        before: from,
        start,
        end: ids,
        moves: Uint8Array.from(ids, (id, k) => (id === start[k] ? 0 : 1)),
        positions: ids.map((id) => lineage[id]!),
        ...partsOf(group, start, ids),
        nodes,
        operators: countOperators(nodes.map(({ op }) => op)),
        stored,
      };
    },
  };

  function partsOf(group: StepGroup, start: Int32Array, ids: Int32Array): KindParts {
    switch (group.kind) {
      case 'unknown':
        return { kind: 'unknown', constantLogDet: 0, lacksLogScale: true, reason: group.steps[0]!.reason };
      case 'mixing':
        return { kind: 'mixing', lacksLogScale: false, ...mixingParts(group.steps, start, ids) };
      case 'ordered':
        return orderedParts(probe, group, ids);
      default:
        return { kind: group.kind, ...affineParts(probe, group.steps, ids) };
    }
  }

  function names(ids: Iterable<number>): string[] {
    return [...new Set([...ids].map(nameOf))];
  }
}

/** Records what each variable of the group's end was at its start, and hands places on. */
function follow(group: StepGroup, lineage: Int32Array, before: Map<number, number>): void {
  for (const { moved, made } of group.steps) {
    made.forEach((id, i) => {
      before.set(id, before.get(moved[i]!) ?? moved[i]!);
      lineage[id] = lineage[moved[i]!]!;
    });
  }
}

/** Sizes without the batch axis; one number where there is no such axis in front. */
function eventShape(shape: readonly number[], size: number, batch: number): number[] {
  const event = shape.slice(1);
  const usual = shape[0] === batch && sizeOf(event) === size && (event.length === 1 || event.length === 3);
  return usual ? event : [size];
}

type AffineParts = Pick<
  FoundLayer,
  'constantLogDet' | 'constants' | 'logScale' | 'lacksLogScale' | 'shift' | 'form'
>;
type KindParts = Pick<FoundLayer, 'kind' | 'reason' | 'curved' | 'slopesAt' | 'places' | 'mixing'> &
  AffineParts;

/** For variables that a step makes, the elements of the layer that they end in. */
function endsOf(
  steps: readonly { moved: Int32Array; made: Int32Array }[],
  ids: Int32Array,
): (made: Int32Array) => Int32Array {
  const element = new Map(Array.from(ids, (id, k) => [id, k]));
  /** Variables of a step as they leave the layer. */
  const last = new Map<number, number>();
  for (const { moved, made } of steps.toReversed()) {
    made.forEach((id, i) => {
      const end = last.get(id) ?? id;
      last.set(id, end);
      last.set(moved[i]!, end);
    });
  }
  return (made) => made.map((id) => element.get(last.get(id)!)!);
}

function orderedParts(probe: NumberedProbe, { steps }: OrderedGroup, ids: Int32Array): KindParts {
  const ordered = steps.filter((step): step is OrderedStep => step.kind === 'ordered');
  const [first] = ordered;
  const { map, affine } = first!;
  const triangular = map.kind === 'triangular';
  const kind = triangular
    ? 'autoregressive'
    : ordered.some((one) => one.map.conditioned)
      ? 'coupling'
      : 'elementwise';
  const elementsOf = endsOf(steps, ids);
  const places = new Int32Array(ids.length);
  if (triangular) elementsOf(first!.made).forEach((k, i) => (places[k] = map.places[i]!));
  if (affine && steps.length === 1)
    return { kind, ...affineParts(probe, [affine], ids), ...(triangular ? { places } : {}) };
  let constantLogDet = 0;
  const sums = map.logSlopes.map(() => new Float64Array(ids.length));
  for (const step of steps) {
    const elements = elementsOf(step.made);
    const slopes =
      step.kind === 'ordered'
        ? step.map.logSlopes
        : step.scale.map((run) => run.map((a) => Math.log(Math.abs(a))));
    if (step.kind === 'affine') constantLogDet += slopes[0]!.reduce((a, b) => a + b, 0);
    slopes.forEach((run, r) => elements.forEach((k, i) => (sums[r]![k]! += run[i]!)));
  }
  const moving = Array.from(new Set(steps.flatMap((step) => [...elementsOf(step.made)]))).sort(
    (a, b) => a - b,
  );
  return {
    kind,
    constantLogDet,
    lacksLogScale: true,
    curved: true,
    slopesAt: sums.map((run) => Float64Array.from(moving, (k) => run[k]!)),
    ...(triangular ? { places } : {}),
  };
}

/** ln |scale| for a scale that was measured in float32: what differs from 1 by its rounding is 1. */
function logScaleOf(scale: number): number {
  const size = Math.abs(scale);
  return Math.abs(size - 1) <= 4 * 2 ** -23 ? 0 : Math.log(size);
}

/** The product of linear maps, in the order of the layer's elements. */
function mixingParts(
  steps: readonly MixingStep[],
  start: Int32Array,
  ids: Int32Array,
): Pick<KindParts, 'constantLogDet' | 'mixing'> {
  const n = ids.length;
  /** Each variable by the start of the layer, and what is added. */
  const known = new Map<number, { row: Float64Array; plus: number }>();
  start.forEach((id, k) => {
    const row = new Float64Array(n);
    row[k] = 1;
    known.set(id, { row, plus: 0 });
  });
  for (const { made, from, map } of steps) {
    const next = Array.from(made, (_, i) => {
      const row = new Float64Array(n);
      let plus = map.offset[i]!;
      from.forEach((id, j) => {
        const factor = map.rows[i]![j]!;
        const one = known.get(id);
        if (factor === 0 || !one) return;
        one.row.forEach((value, k) => (row[k]! += factor * value));
        plus += factor * one.plus;
      });
      return { row, plus };
    });
    made.forEach((id, i) => known.set(id, next[i]!));
  }
  const matrix = new Float64Array(n * n);
  ids.forEach((id, k) => matrix.set(known.get(id)!.row, k * n));
  return {
    constantLogDet: steps.reduce((sum, { logDet }) => sum + logDet, 0),
    mixing: { matrix, offset: Float64Array.from(ids, (id) => known.get(id)!.plus) },
  };
}

function affineParts(probe: NumberedProbe, steps: readonly AffineStep[], ids: Int32Array): AffineParts {
  const elementsOf = endsOf(steps, ids);
  const slope = new Float64Array(ids.length).fill(1);
  const plus = new Float64Array(ids.length);
  let constantLogDet = 0;
  let constants = false;
  let logScale: MovedValues | undefined;
  let shift: MovedValues | undefined;
  let form: FoundLayer['form'];
  let lacksLogScale = false;
  for (const step of steps) {
    const elements = elementsOf(step.made);
    const located = step.scaleVaries ? locateLogScale(probe, step) : undefined;
    if (!step.scaleVaries && !step.shiftVaries) {
      constants = true;
      elements.forEach((k, i) => {
        const [a, b] = [step.scale[0]![i]!, step.shift[0]![i]!];
        slope[k]! *= a;
        plus[k] = plus[k]! * a + b;
      });
    }
    if (!step.scaleVaries) for (const a of step.scale[0]!) constantLogDet += logScaleOf(a);
    if (located) {
      logScale = { located, elements };
      located.offset?.forEach((value, i) => {
        constants = true;
        constantLogDet += value;
        slope[elements[i]!]! *= Math.exp(value);
      });
    } else if (step.scaleVaries) lacksLogScale = true;
    if (!step.shiftVaries) continue;
    const found = locateShift(probe, step);
    if (found) shift = { located: found.located, elements };
    // Backward, a norm that shares the coupling's multiplication comes first, and so does the shift.
    const shared = located?.offset !== undefined && probe.ports.direction === 'inverse';
    const shiftFirst = found ? found.first === 'shift' : shared;
    const scaledLater =
      step !== steps[steps.length - 1] && steps.slice(steps.indexOf(step) + 1).some((s) => s.scaleVaries);
    form = (step.scaleVaries ? shiftFirst : scaledLater) ? '(x + t)·eˢ' : 'x·eˢ + t';
  }
  const norm = { mean: plus.map((b, k) => 0 - b / slope[k]!), deviation: slope.map((a) => 1 / a) };
  return { constantLogDet, constants: constants ? norm : undefined, logScale, lacksLogScale, shift, form };
}
