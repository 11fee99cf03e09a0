/** What a row does to one example: its values, its log-scale and its shift, always from data to latent. */
import { timesVector } from '../../base/determinant';
import type { Quantity } from '../../protocol/quantities';
import { elementsOf, type Elements } from './layers';
import type { Variables } from './variables';
import { shiftFirst, type FlowRow, type FlowRows } from './rows';
import type { BatchValues } from './values';
import type { Extremes, LayerExtremes } from '../model/inspected-flow';

export interface RowSource {
  row: FlowRow;
  before: Elements;
  after: Elements;
  /** Whether the file goes from latent to data. */
  backward: boolean;
  /** (v − mean) / deviation of each element, after the coupling; from data to latent. */
  norm?: { mean: Float64Array; deviation: Float64Array };
  /** ln of its scale that is the same for every example, nats. */
  constantLogDet: number;
}

/** A row's input and output for one example. */
export interface RowEnds {
  x: Float32Array;
  y: Float32Array;
}

/** s, t and y = x·eˢ + t or (x + t)·eˢ of a coupling, in the row's shape; zero where nothing moves. One that only shifts has no s. */
export type Coupled = NonNullable<ReturnType<typeof coupledValues>>;

/** As the row declares them. */
export function quantitiesOf({ s, t }: Coupled): (Quantity & { values: Float32Array })[] {
  const shift = { name: 't', role: 'shift' as const, values: t };
  return s ? [{ name: 's', role: 'logScale', values: s }, shift] : [shift];
}

export function rowSources({ rows, backward }: FlowRows, variables: Variables): RowSource[] {
  return rows.map((row) => {
    const { found } = row;
    const norm = found?.constants && normOf(row, backward);
    return {
      row,
      backward,
      before: elementsOf(variables, row.before),
      after: elementsOf(variables, row.after),
      ...(norm ? { norm } : {}),
      constantLogDet: (backward ? -1 : 1) * (found?.constantLogDet ?? 0),
    };
  });
}

/** ln |∂y/∂x| of each element of a map that is curved, where the file has it; zero where nothing moves. */
export function slopesIn(one: RowSource, values: BatchValues, example: number): Float32Array | undefined {
  const { found, elementAt } = one.row;
  if (!found?.slopes) return undefined;
  const { located, elements } = found.slopes;
  const slopes = new Float32Array(one.before.which.length);
  values.located(located, example).forEach((value, i) => {
    slopes[elementAt[found.positions[elements[i]!]!]!] = one.backward ? -value : value;
  });
  return slopes;
}

/** What the file's log-det has of a row whose scales are not known; NaN where it has none. */
export function logDetOf(one: RowSource, values: BatchValues, example: number): number {
  const { terms } = one.row.found!;
  if (!terms) return NaN;
  const sum = terms.reduce((all, { tensor, factor }) => all + factor * values.sum(tensor, example), 0);
  return one.constantLogDet + (one.backward ? -sum : sum);
}

/** Tensors that the rows are read from. */
export function tensorsOf(sources: readonly RowSource[]): string[] {
  return sources.flatMap(({ row: { found }, before, after }) => [
    ...before.tensors,
    ...after.tensors,
    ...(found?.logScale?.located.tensors ?? []),
    ...(found?.shift?.located.tensors ?? []),
    ...(found?.slopes?.located.tensors ?? []),
    ...(found?.terms ?? []).map(({ tensor }) => tensor),
  ]);
}

/** inverse · (y − offset). */
function times(inverse: Float64Array, y: Float32Array, offset: Float64Array): Float32Array {
  const apart = offset.map((value, j) => y[j]! - value);
  return Float32Array.from(timesVector(inverse, apart));
}

/** The found layer's constants in the row's order, turned around in a file that runs backward. */
function normOf({ found, elementAt, before }: FlowRow, backward: boolean): RowSource['norm'] {
  const { mean: foundMean, deviation: foundDeviation } = found!.constants!;
  const mean = new Float64Array(before.length);
  const deviation = new Float64Array(before.length).fill(1);
  found!.positions.forEach((position, k) => {
    const element = elementAt[position]!;
    // x = (z − m) / d the other way round is z = (x + m / d) / (1 / d).
    deviation[element] = backward ? 1 / foundDeviation[k]! : foundDeviation[k]!;
    mean[element] = backward ? -foundMean[k]! / foundDeviation[k]! : foundMean[k]!;
  });
  return { mean, deviation };
}

/** Undefined where the row is no coupling, or a curved one. */
export function coupledValues(
  { row, norm, backward }: RowSource,
  values: BatchValues,
  example: number,
  { x, y }: RowEnds,
) {
  const { found, elementAt } = row;
  if (!found || found.curved || (found.kind !== 'coupling' && found.kind !== 'autoregressive'))
    return undefined;
  const s = found.logScale || found.lacksLogScale ? new Float32Array(x.length) : undefined;
  const scale = (k: number): number => s?.[k] ?? 0;
  const t = new Float32Array(x.length);
  const sign = backward ? -1 : 1;
  const at = (k: number): number => elementAt[found.positions[k]!]!;
  if (found.logScale) {
    const { located, elements } = found.logScale;
    const read = values.located(located, example);
    elements.forEach((k, i) => (s![at(k)] = sign * read[i]!));
  } else s?.fill(NaN);
  if (found.shift) {
    const { located, elements } = found.shift;
    const read = values.located(located, example);
    elements.forEach((k, i) => (t[at(k)] = sign * read[i]!));
  } else {
    found.moves.forEach((moves, k) => {
      if (!moves) return;
      const element = at(k);
      const u = norm ? y[element]! * norm.deviation[element]! + norm.mean[element]! : y[element]!;
      t[element] = shiftFirst(found, backward)
        ? u * Math.exp(-scale(element)) - x[element]!
        : u - x[element]! * Math.exp(scale(element));
    });
  }
  return { ...(s ? { s } : {}), t };
}

/** x from y by the row's own s, t and constants; undefined where they do not say. */
export function undone(one: RowSource, y: Float32Array, coupled?: Coupled): Float32Array | undefined {
  const { row, norm, backward } = one;
  const { found } = row;
  if (!found) return undefined;
  if (row.linear) return times(row.linear.inverse, y, row.linear.offset);
  if (found.kind === 'unknown' || found.curved) return undefined;
  const first = shiftFirst(found, backward);
  return y.map((value, k) => {
    const u = norm ? value * norm.deviation[k]! + norm.mean[k]! : value;
    if (!coupled) return u;
    const back = Math.exp(-(coupled.s?.[k] ?? 0));
    return first ? u * back - coupled.t[k]! : (u - coupled.t[k]!) * back;
  });
}

export function rowExtremes(count: number) {
  const empty = (size: number): Extremes => ({
    low: new Float32Array(size).fill(Infinity),
    high: new Float32Array(size).fill(-Infinity),
  });
  const widen = ({ low, high }: Extremes, i: number, value: number): void => {
    low[i] = Math.min(low[i]!, value);
    high[i] = Math.max(high[i]!, value);
  };
  const input = empty(count);
  let quantities: LayerExtremes['quantities'] = [];
  return {
    /** One example's input of the row, and its s and t where it is a coupling whose scale is known. */
    add(example: number, x: Float32Array, coupled: Coupled | undefined) {
      for (const value of x) widen(input, example, value);
      // Where the scale is not known, nothing is.
      if (!coupled || Number.isNaN(coupled.s?.[0])) return;
      const found = quantitiesOf(coupled);
      if (quantities.length === 0) {
        quantities = found.map(({ name, role, values }) => ({
          name,
          role,
          perExample: empty(count),
          perElement: empty(values.length),
        }));
      }
      found.forEach(({ values }, q) => {
        const { perExample, perElement } = quantities[q]!;
        values.forEach((value, k) => {
          widen(perExample, example, value);
          widen(perElement, k, value);
        });
      });
    },
    record: () => ({ input, quantities }),
  };
}
