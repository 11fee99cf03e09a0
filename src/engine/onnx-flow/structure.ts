/**
 * What a map between two cuts is, where it is not a·v + b of single values: which of its values answer to which, by
 * changing one at a time. A value that is not asked about stays the same bit by bit, so that the answer is exact as a rule.
 */
import { ignoreUserError } from '../../base/user-error';
import { stream } from '../../data/random';
import { logAbsDeterminant } from '../../base/determinant';
import type { Cut } from './cuts';
import { openLayerPart, type LayerPart } from './layer-part';
import type { Probe } from './probe';
import type { NumberedProbe } from './variables';

/** Tolerance for values picked by a condition: leaving one out packs them again, which rounds them differently. */
const packedRounding = 1e-5;

/** Takes values into the box of a spline: outside of it, a value depends on no other. */
const near = 1 / 8;

/** What each value that is made does to its own input, all others held. */
export type ValueMaps = NonNullable<Awaited<ReturnType<typeof measureMaps>>>;

/** The same linear map for every example: made = matrix · before + offset. */
export interface LinearMap {
  kind: 'linear';
  /** Rows are the made variables, columns the variables of the cut before. */
  rows: Float64Array[];
  offset: Float64Array;
}

export interface OrderedMap extends ValueMaps {
  /** One value alone for each, or values one after the other: each answers to those before it. */
  kind: 'elementwise' | 'triangular';
  /** For each made variable the moved one at its place. */
  order: Int32Array;
  /** For `triangular`: how many of the moved ones have to be known before each made one. */
  places: Int32Array;
  /** Whether it is another one for other values of what passes through, or another context. */
  conditioned: boolean;
}

export interface DenseMap {
  kind: 'dense';
  /** Share of the pairs of values that depend on each other. */
  share: number;
}

export type Structure = LinearMap | OrderedMap | DenseMap;

/**
 * @param sized the probe for as many examples at once as the file takes
 * @param moved the variables of `from` that are replaced, by `made`
 */
export async function measureStructure(
  probe: NumberedProbe,
  sized: NumberedProbe,
  {
    from,
    moved,
    made,
    linearOnly = false,
  }: { from: Cut; moved: Int32Array; made: Int32Array; linearOnly?: boolean },
): Promise<Structure | undefined> {
  const { nameOf, place, count, ragged } = probe.variables;
  const valueOf = (id: number, run: number): number => probe.values.get(nameOf(id))![run]![place[id]!]!;
  const part = await openLayerPart(sized, from, [...made], true);
  try {
    const states = [1, near].flatMap((factor) =>
      probe.feeds.map((_, run) => {
        const state = new Float32Array(count).fill(NaN);
        from.forEach((id) => (state[id] = factor * valueOf(id, run)));
        return state;
      }),
    );
    const ask = (queries: readonly QueryState[]): Promise<Float32Array[]> => askAll(part, queries);
    const rounding = ragged.size > 0 ? packedRounding : 0;
    const asking: Asking = { rounding, probe, from, moved, made, states, ask };
    const linear = await measureLinear(asking);
    if (linear || linearOnly) return linear;
    return await measureOrder(asking);
  } finally {
    await part.release();
  }
}

interface Query {
  run: number;
  /** Values of variables that differ from the run's values. */
  changes: readonly (readonly [id: number, value: number])[];
  /** Index of a run whose context is taken instead. */
  context?: number;
}

interface Asking {
  /** Relative change that says nothing. */
  rounding: number;
  probe: Probe;
  from: Cut;
  moved: Int32Array;
  made: Int32Array;
  /** Those of the runs, and then the same near 0. */
  states: Float32Array[];
  ask(queries: readonly QueryState[]): Promise<Float32Array[]>;
}

interface QueryState {
  state: Float32Array;
  context: Float32Array | undefined;
}

async function askAll(part: LayerPart, queries: readonly QueryState[]): Promise<Float32Array[]> {
  const answers: Float32Array[] = [];
  for (let at = 0; at < queries.length; at += part.batch) {
    const some = queries.slice(at, at + part.batch);
    // All rows are filled, so that each row is computed in the same way whatever the others are.
    const rows = Array.from({ length: part.batch }, (_, i) => some[Math.min(i, some.length - 1)]!);
    const states = rows.map(({ state }) => state);
    const contexts = rows.map(({ context }) => context);
    // Graphs whose shapes depend on values may not take all of them.
    const out = await part.run(states, contexts).catch(ignoreUserError);
    answers.push(...some.map((_, i) => out?.[i] ?? new Float32Array(part.values).fill(NaN)));
  }
  return answers;
}

function changed({ states, probe }: Asking, { run, changes, context = run }: Query): QueryState {
  const state = states[run]!.slice();
  for (const [id, value] of changes) state[id] = value;
  return { state, context: probe.contexts?.[context % probe.feeds.length] };
}

/** Far enough from 0 that bends show, near enough that nothing overflows. */
const linearScales = [1, 64];

async function measureLinear(asking: Asking): Promise<LinearMap | undefined> {
  const { from, made, probe } = asking;
  const random = stream(1, 'onnx-structure');
  const runs = probe.feeds.map((_, run) => run);
  const all = (run: number, values: Float32Array | Float64Array): QueryState =>
    changed(asking, { run, changes: Array.from(from, (id, i) => [id, values[i]!] as const) });
  const zero = new Float32Array(from.length);
  for (const scale of linearScales) {
    const u = random.normal(from.length).map((value) => value * scale);
    const v = random.normal(from.length).map((value) => value * scale);
    const queries = runs.flatMap((run) => [
      all(run, zero),
      all(run, u),
      all(run, v),
      all(
        run,
        u.map((value, i) => value + v[i]!),
      ),
    ]);
    const answers = await asking.ask(queries);
    for (const run of runs) {
      const [origin, one, two, both] = answers.slice(4 * run, 4 * run + 4);
      const head = answers.slice(0, 4);
      const fits = Array.from(made.keys()).every((i) => {
        const size = [origin, one, two, both].reduce((sum, values) => sum + Math.abs(values![i]!), 0);
        const close = (value: number): boolean => Math.abs(value) <= 1e-5 * size + 1e-6 * scale;
        // The context, where there is one, is another one in each run.
        const same = [origin, one].every((values, k) => close(values![i]! - head[k]![i]!));
        return same && close(one![i]! + two![i]! - origin![i]! - both![i]!);
      });
      if (!fits) return undefined;
    }
  }
  const far = 64;
  const answers = await asking.ask([
    all(0, zero),
    ...Array.from(from, (_, j) => {
      const values = zero.slice();
      values[j] = far;
      return all(0, values);
    }),
  ]);
  const offset = Float64Array.from(answers[0]!);
  const rows = Array.from(made, (_, i) =>
    Float64Array.from(from, (_unused, j) => (answers[j + 1]![i]! - offset[i]!) / far),
  );
  return { kind: 'linear', rows, offset };
}

async function measureOrder(asking: Asking): Promise<OrderedMap | DenseMap | undefined> {
  const { from, moved, made, states, probe, rounding } = asking;
  const runs = states.map((_, run) => run);
  const random = stream(2, 'onnx-structure').uniform(from.length);
  const baseline = await asking.ask(runs.map((run) => changed(asking, { run, changes: [] })));
  const depends = Array.from(made, () => new Uint8Array(from.length));
  let conditioned = false;
  const note = (answer: Float32Array, run: number, apply: (i: number) => void): void =>
    answer.forEach((value, i) => {
      const before = baseline[run]![i]!;
      if (Math.abs(value - before) > rounding * Math.max(1, Math.abs(before)) || Number.isNaN(value))
        apply(i);
    });
  for (const run of runs) {
    const next = (run + 1) % runs.length;
    for (const other of [
      (id: number, j: number) => states[run]![id]! + (random[j]! < 0.5 ? -1 : 1),
      (id: number) => states[next]![id]!,
    ]) {
      const answers = await asking.ask(
        Array.from(from, (id, j) => changed(asking, { run, changes: [[id, other(id, j)]] })),
      );
      answers.forEach((answer, j) => note(answer, run, (i) => (depends[i]![j] = 1)));
    }
    if (probe.contexts) {
      const [answer] = await asking.ask([changed(asking, { run, changes: [], context: next })]);
      note(answer!, run, () => (conditioned = true));
    }
  }
  const columnOf = new Map(Array.from(from, (id, j) => [id, j]));
  const columns = Array.from(moved, (id) => columnOf.get(id)!);
  const movedColumns = new Set(columns);
  conditioned ||= depends.some((row) => row.some((answers, j) => answers === 1 && !movedColumns.has(j)));
  const dependencies = depends.map((row) => columns.flatMap((j, k) => (row[j] === 1 ? [k] : [])));
  const peeled = peel(dependencies, moved.length);
  if (!peeled) {
    const pairs = dependencies.reduce((sum, list) => sum + list.length, 0);
    return { kind: 'dense', share: pairs / (moved.length * made.length) };
  }
  const { order, places } = peeled;
  const maps = await measureMaps(asking, order, baseline);
  if (!maps) return undefined;
  const elementwise = dependencies.every((list) => list.length === 1);
  return { kind: elementwise ? 'elementwise' : 'triangular', order, places, conditioned, ...maps };
}

/** Takes made values whose inputs are known but for one, again and again; undefined where there is none. */
function peel(depends: readonly (readonly number[])[], count: number) {
  const order = new Int32Array(depends.length).fill(-1);
  const places = new Int32Array(depends.length);
  const known = new Uint8Array(count);
  let left = depends.length;
  for (let place = 0; left > 0; place++) {
    const taken: number[] = [];
    depends.forEach((list, i) => {
      if (order[i]! >= 0) return;
      const open = list.filter((k) => known[k] === 0);
      if (open.length !== 1) return;
      order[i] = open[0]!;
      places[i] = place;
      taken.push(open[0]!);
    });
    // Two that depend on the same unknown cannot tell it from its neighbors.
    if (taken.length === 0 || new Set(taken).size < taken.length) return undefined;
    for (const k of taken) known[k] = 1;
    left -= taken.length;
  }
  return { order, places };
}

const offsets = [-64, -1, 0, 1, 64];
const slopeStep = 2 ** -8;

/** Undefined where a slope is 0 or not finite. */
async function measureMaps(asking: Asking, order: Int32Array, baseline: readonly Float32Array[]) {
  const { moved, made, states, probe } = asking;
  const scale: Float64Array[] = [];
  const shift: Float64Array[] = [];
  /** ln |∂y/∂v| of each in each run, by central differences. */
  const logSlopes: Float64Array[] = [];
  let affine = true;
  for (const run of probe.feeds.keys()) {
    const value = (i: number): number => states[run]![moved[order[i]!]!]!;
    const at = async (of: (i: number) => readonly number[]): Promise<number[][]> => {
      const queries = Array.from(made.keys()).flatMap((i) =>
        of(i).map((v) => changed(asking, { run, changes: [[moved[order[i]!]!, v]] })),
      );
      const answers = await asking.ask(queries);
      let next = 0;
      return Array.from(made.keys()).map((i) => of(i).map(() => answers[next++]![i]!));
    };
    const steps = (i: number): number =>
      slopeStep * 2 ** Math.max(0, Math.ceil(Math.log2(Math.abs(value(i)) || 1)));
    const near = await at((i) => [value(i) - steps(i), value(i) + steps(i)]);
    const slopes = near.map(([down, up], i) => {
      const [low, high] = [Math.fround(value(i) - steps(i)), Math.fround(value(i) + steps(i))];
      return (up! - down!) / (high - low);
    });
    if (!slopes.every((slope) => slope !== 0 && Number.isFinite(slope))) return undefined;
    logSlopes.push(Float64Array.from(slopes, (slope) => Math.log(Math.abs(slope))));
    if (!affine) continue;
    const wide = await at(() => offsets);
    const a = wide.map((values) => (values[4]! - values[0]!) / (offsets[4]! - offsets[0]!));
    const b = wide.map((values) => values[2]!);
    affine = wide.every((values, i) => {
      const size = Math.abs(a[i]!) + Math.abs(b[i]!);
      const off = (v: number, got: number): number => Math.abs(a[i]! * v + b[i]! - got);
      return (
        offsets.every((v, k) => off(v, values[k]!) <= 1e-4 * Math.abs(v) * Math.abs(a[i]!) + 2e-5 * size) &&
        off(value(i), baseline[run]![i]!) <= 1e-4 * (Math.abs(a[i]! * value(i)) + size) + 1e-6
      );
    });
    scale.push(Float64Array.from(a));
    shift.push(Float64Array.from(b));
  }
  return {
    /** y = a·v + b of each, in each run; absent where one is not. */
    ...(affine ? { affine: { scale, shift } } : {}),
    logSlopes,
  };
}

/** ln |det| of a linear map over the values that it changes; −Infinity where it has no inverse. */
export function linearLogDet({ rows }: LinearMap, from: Cut, moved: Int32Array): number {
  const columns = Array.from(moved, (id) => from.indexOf(id));
  const matrix = rows.flatMap((row) => columns.map((j) => row[j]!));
  return logAbsDeterminant(matrix, moved.length);
}
