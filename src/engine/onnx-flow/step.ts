/**
 * What the map between two cuts does, found by changing the values that it is given. The part of the graph between the
 * cuts runs alone; the variables that it replaces are set to values of our choice while those that pass through stay.
 * y = a·v + b with a and b that depend on the others only must then answer exactly as such a map does.
 */
import { ignoreUserError } from '../../base/user-error';
import { stream } from '../../data/random';
import type { Cut } from './cuts';
import { needed } from './graph';
import { openLayerPart } from './layer-part';
import { mostMeasured } from './probe';
import { linearLogDet, measureStructure, type LinearMap, type OrderedMap } from './structure';
import { holding, type NumberedProbe, type Variables } from './variables';

interface Step {
  /** Variables that are replaced, and by which; in the same order where it is known what each becomes. */
  moved: Int32Array;
  made: Int32Array;
  /** Numbered tensors that were computed in the step, in order. */
  computed: readonly string[];
}

/** y = a·v + b for each variable that is replaced. */
export interface AffineStep extends Step {
  kind: 'affine';
  /** In each run, by variable. */
  scale: Float64Array[];
  shift: Float64Array[];
  /** Whether they are other ones for other inputs. */
  scaleVaries: boolean;
  shiftVaries: boolean;
}

export interface UnknownStep extends Step {
  kind: 'unknown';
  /** In words. */
  reason: string;
  /** True where its dependencies are known: it is one layer, of an unknown kind. */
  measured?: true;
}

/** The same linear map of several values for every example. */
export interface MixingStep extends Step {
  kind: 'mixing';
  /** Columns are the variables of the cut before it. */
  map: LinearMap;
  from: Cut;
  /** ln |det|, nats. */
  logDet: number;
}

/** Each value by a map of its own, given those before it or what passes through; of any form. */
export interface OrderedStep extends Step {
  kind: 'ordered';
  map: OrderedMap;
  /** Where each value's own map is a·v + b. */
  affine?: AffineStep;
}

export type FlowStep = AffineStep | MixingStep | OrderedStep | UnknownStep;

/** Far from 0, so that a is measured to float32's precision whatever b is. */
export const far = 2 ** 16;

/** @param sized the probe for as many examples at once as the file takes */
export async function testStep(
  probe: NumberedProbe,
  sized: NumberedProbe,
  from: Cut,
  to: Cut,
): Promise<FlowStep> {
  const step = await testAffine(probe, from, to);
  const few = from.length <= mostMeasured;
  // Such as one triangle of an LU decomposition: what is added is linear in what passes through.
  const mayMix = step.kind === 'unknown' || (!step.scaleVaries && step.shiftVaries);
  if (!few || !mayMix) return step;
  const { made, computed } = step;
  // Values that mix have no predecessors of their own except the values at their places.
  const inputTensors = holding(probe.variables, from);
  const order =
    step.kind === 'unknown' ? byPlace(probe.variables, step.moved, made, computed, inputTensors) : undefined;
  const moved = order ? Int32Array.from(order, (k) => step.moved[k]!) : step.moved;
  const found = await measureStructure(probe, sized, {
    from,
    moved,
    made,
    linearOnly: step.kind === 'affine',
  });
  if (!found) return step;
  switch (found.kind) {
    case 'linear': {
      const logDet = linearLogDet(found, from, moved);
      return Number.isFinite(logDet)
        ? { kind: 'mixing', moved, made, map: found, from, logDet, computed }
        : step;
    }
    case 'dense':
      return { kind: 'unknown', moved, made, reason: mixed(found.share), measured: true, computed };
    default: {
      const inOrder = Int32Array.from(found.order, (k) => moved[k]!);
      const { affine: maps } = found;
      const affine: AffineStep | undefined = maps && {
        kind: 'affine',
        moved: inOrder,
        made,
        ...maps,
        scaleVaries: varies(maps.scale),
        shiftVaries: varies(maps.shift),
        computed,
      };
      return { kind: 'ordered', moved: inOrder, made, map: found, affine, computed };
    }
  }
}

function mixed(share: number): string {
  return share === 1
    ? 'each value depends on all others, and not in a linear way'
    : `${Math.round(100 * share)}% of the pairs of values depend on each other, in no order and not in a linear way`;
}

async function testAffine(probe: NumberedProbe, from: Cut, to: Cut): Promise<AffineStep | UnknownStep> {
  const before = new Set(from);
  const after = new Set(to);
  const moved = from.filter((id) => !after.has(id));
  const made = to.filter((id) => !before.has(id));
  const { variables } = probe;
  const inputTensors = holding(variables, before);
  const ends = [...new Set(Array.from(made, variables.nameOf))];
  const { nodes } = needed(probe.graph, ends, inputTensors, probe.shapes);
  const computed = nodes.flatMap(({ writes }) => writes.filter((name) => variables.byName.has(name)));
  const unknown = (reason: string): UnknownStep => ({ kind: 'unknown', moved, made, reason, computed });

  const runner = await openStep(probe, from, moved, made);
  try {
    const base = probe.feeds.map((_, run) => run);
    const random = stream(1, 'onnx-step').uniform(2 * moved.length);
    const away = (from: number): Float64Array =>
      Float64Array.from(
        moved,
        (_, i) => far * (random[from + i]! < 0.5 ? -1 : 1) * (0.5 + random[from + i]!),
      );
    const first = away(0);
    const second = away(moved.length);
    const zero = new Float64Array(moved.length);
    const one = await runner.run(0, first);
    const origin = await runner.run(0, zero);
    if (![one, origin].every((values) => values.every(Number.isFinite)))
      return unknown('its values are not finite away from the probe');
    const two = await runner.run(0, second);
    const fits = (order: Int32Array | undefined): Int32Array | undefined =>
      order && sameSlope(order, { first, second, one, two, origin }) ? order : undefined;
    const order =
      fits(byPlace(variables, moved, made, computed, inputTensors)) ??
      fits(await byCode(runner, moved.length));
    if (!order) return unknown('values mix, or change in a way that is not affine');

    const inOrder = (values: Float64Array): Float64Array => Float64Array.from(order, (j) => values[j]!);
    const scale: Float64Array[] = [];
    const shift: Float64Array[] = [];
    for (const run of base) {
      const up = await runner.run(run, first);
      const down = await runner.run(
        run,
        first.map((value) => -value),
      );
      const other = await runner.run(run, second);
      const b = await runner.run(run, zero);
      const [x1, x2] = [inOrder(first), inOrder(second)];
      const a = up.map((value, i) => (value - down[i]!) / (2 * x1[i]!));
      const values = inOrder(runner.moved(run));
      const result = runner.made(run);
      const fits = a.every((slope, i) => {
        const again = (other[i]! - b[i]!) / x2[i]!;
        const expected = slope * values[i]! + b[i]!;
        const size = Math.abs(slope * values[i]!) + Math.abs(b[i]!);
        return (
          slope !== 0 &&
          Math.abs(again - slope) <= 1e-3 * Math.abs(slope) + (4e-7 * Math.abs(b[i]!)) / far &&
          Math.abs(result[i]! - expected) <= 1e-3 * size + 1e-6
        );
      });
      if (!fits) return unknown('values change in a way that is not affine, or their scale depends on them');
      scale.push(a);
      shift.push(b);
    }
    return {
      kind: 'affine',
      moved: Int32Array.from(order, (j) => moved[j]!),
      made,
      scale,
      shift,
      scaleVaries: varies(scale),
      shiftVaries: varies(shift),
      computed,
    };
  } finally {
    await runner.release();
  }
}

/** More than rounding can explain. */
function varies(runs: readonly Float64Array[]): boolean {
  const [head] = runs;
  return runs.some((values) =>
    values.some(
      (value, i) => Math.abs(value - head![i]!) > 1e-5 * (Math.abs(value) + Math.abs(head![i]!)) + 1e-7,
    ),
  );
}

type StepRunner = Awaited<ReturnType<typeof openStep>>;

async function openStep(probe: NumberedProbe, from: Cut, moved: Int32Array, made: Int32Array) {
  const { count, nameOf, place } = probe.variables;
  const part = await openLayerPart(probe, from, [...made], true);
  const at = (ids: Int32Array, run: number): Float64Array =>
    Float64Array.from(ids, (id) => probe.values.get(nameOf(id))![run]![place[id]!]!);
  return {
    /** What the made variables are when the moved ones are these, all else as in that run. */
    async run(run: number, replacement: Float64Array) {
      const state = new Float32Array(count).fill(NaN);
      moved.forEach((id, i) => (state[id] = replacement[i]!));
      const states = Array.from({ length: part.batch }, () => state);
      // Graphs whose shapes depend on values may not take all of them.
      const results = await part.run(states, undefined, run).catch(ignoreUserError);
      return Float64Array.from(results?.[0] ?? new Float64Array(made.length).fill(NaN));
    },
    /** Their values in the run itself. */
    moved: (run: number) => at(moved, run),
    made: (run: number) => at(made, run),
    release: () => part.release(),
  };
}

/** For each made variable, the moved one at its place in a tensor of the same size before it. */
function byPlace(
  { tensors, byName, home, place }: Variables,
  moved: Int32Array,
  made: Int32Array,
  computed: readonly string[],
  inputTensors: ReadonlySet<string>,
): Int32Array | undefined {
  const number = new Map(Array.from(moved, (id, i) => [id, i]));
  const latestFirst = (list: Iterable<string>): string[] =>
    [...list].sort((a, b) => byName.get(b)!.order - byName.get(a)!.order);
  const names = [...latestFirst(computed), ...latestFirst(inputTensors)];
  const taken = new Set<number>();
  const order = Int32Array.from(made, (id) => {
    const { ids: madeIds, order: when } = tensors[home[id]!]!;
    for (const name of names) {
      const { ids, order: earlier } = byName.get(name)!;
      if (earlier >= when || ids.length !== madeIds.length) continue;
      const index = number.get(ids[place[id]!]!);
      if (index !== undefined) {
        taken.add(index);
        return index;
      }
    }
    return -1;
  });
  return taken.size === made.length ? order : undefined;
}

/**
 * The same without looking at places: each moved variable has a number, and run after run those that have a certain bit
 * set are changed. A variable that answers to exactly the bits of one number depends on that one.
 */
async function byCode(runner: StepRunner, count: number): Promise<Int32Array | undefined> {
  const base = runner.moved(0);
  const start = await runner.run(0, base);
  const bits = Math.ceil(Math.log2(count + 1));
  const number = new Int32Array(start.length);
  const complement = new Int32Array(start.length);
  const answers = async (changes: (index: number) => boolean): Promise<boolean[]> => {
    const values = await runner.run(
      0,
      base.map((value, i) => (changes(i) ? value + far : value)),
    );
    return Array.from(values, (value, i) => Math.abs(value - start[i]!) > 1e-5 * (1 + Math.abs(start[i]!)));
  };
  for (let bit = 0; bit < bits; bit++) {
    const set = await answers((i) => (((i + 1) >> bit) & 1) === 1);
    const clear = await answers((i) => (((i + 1) >> bit) & 1) === 0);
    for (let i = 0; i < start.length; i++) {
      if (set[i]) number[i]! |= 1 << bit;
      if (clear[i]) complement[i]! |= 1 << bit;
    }
  }
  const all = 2 ** bits - 1;
  const order = number.map((n) => n - 1);
  const single = order.every((j, i) => j >= 0 && j < count && (number[i]! ^ complement[i]!) === all);
  return single && new Set(order).size === count ? order : undefined;
}

/** Whether all variables, changed at once by two sets of random amounts, answer with one slope. */
function sameSlope(
  order: Int32Array,
  { first, second, one, two, origin }: Record<'first' | 'second' | 'one' | 'two' | 'origin', Float64Array>,
): boolean {
  return order.every((j, i) => {
    const slope = (one[i]! - origin[i]!) / first[j]!;
    const other = (two[i]! - origin[i]!) / second[j]!;
    return Math.abs(slope - other) <= 1e-3 * Math.abs(slope) + (4e-7 * Math.abs(origin[i]!)) / far;
  });
}
