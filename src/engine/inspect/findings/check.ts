/** What every check gives back, and the pieces that they share. */
import { defined } from '../../../base/defined';
import { several } from '../../../base/user-error';
import type { Finding, Severity } from '../../../protocol/findings';
import type { LayerTab } from '../../../protocol/layer-tabs';
import type { LayerObservations, Observations } from './observations';
import { powerOfTen } from '../../../base/digits';

/** What a check found; which one it is, its place in the list says. */
export type Found = Omit<Finding, 'check'>;

export type Check = (seen: Observations) => Found;

/** A level reached: the highest whose threshold `value` is at or above. NaN reaches the highest. */
export function severityOf(
  value: number,
  { notice, warning, error }: { notice?: number; warning?: number; error?: number },
): Severity {
  const reaches = (threshold: number | undefined): boolean =>
    threshold !== undefined && (Number.isNaN(value) || value >= threshold);
  return reaches(error) ? 'error' : reaches(warning) ? 'warning' : reaches(notice) ? 'notice' : 'ok';
}

export function skipped(kind: string, sentence: string): Found {
  return { severity: 'skipped', kind, sentence, values: {} };
}

/** @param layer where the largest value was found */
export function fine(kind: string, sentence: string, values: Found['values'], layer?: number): Found {
  return { severity: 'ok', kind, sentence, values, ...defined({ layer }) };
}

/** Whether any layer scales values by what a network says. */
export function scales({ layers }: Observations): boolean {
  return layers.some(({ info }) => info.quantities?.some(({ role }) => role === 'logScale'));
}

/** Finding of a check of scales that found none. */
export function noScales(seen: Observations): Found {
  return scales(seen)
    ? skipped('noScales', 'The scales of this flow could not be looked at.')
    : skipped('noScale', 'No layer of this flow scales values by what a network says.');
}

export interface Ranked {
  layer: LayerObservations;
  value: number;
}

/** Layers that `pick` gives a number for, the largest first; NaN counts as largest. */
export function ranked(
  { layers }: Observations,
  pick: (layer: LayerObservations) => number | undefined,
): Ranked[] {
  const order = (value: number): number => (Number.isNaN(value) ? Infinity : value);
  return layers
    .flatMap((layer) => {
      const value = pick(layer);
      return value === undefined ? [] : [{ layer, value }];
    })
    .sort((a, b) => order(b.value) - order(a.value));
}

/** Where to look: the worst layer, and those that reach `least` too. */
export function where(
  all: readonly Ranked[],
  least: number,
  tab: LayerTab,
): Pick<Finding, 'layer' | 'tab' | 'others'> {
  const [first, ...rest] = all;
  if (!first) return {};
  const others = rest.filter(({ value }) => Number.isNaN(value) || value >= least);
  return {
    layer: first.layer.info.index,
    tab,
    ...(others.length > 0 ? { others: others.map(({ layer }) => layer.info.index) } : {}),
  };
}

/** "in coupling 3" or "in coupling 3 and 2 others". */
export function andOthers(name: string, others: number): string {
  return others === 0 ? name : `${name} and ${several(others, 'other')}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 1 ? value.toPrecision(1) : value.toFixed(0)}%`;
}

/** Few digits; powers of ten where there are many zeros, as on the page: 8.4·10⁻⁸. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const text =
    size === 0
      ? '0'
      : size >= 1e5 || size < 1e-3
        ? size.toExponential(1).replace(/e([+-]\d+)/, (_, exponent) => `·${powerOfTen(Number(exponent))}`)
        : String(Number(size.toPrecision(3)));
  return value < 0 ? `−${text}` : text;
}
