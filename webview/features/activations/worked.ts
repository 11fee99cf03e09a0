/** One element of a coupling followed through its arithmetic. */
import type { ExampleLayer } from '../../../src/protocol/inspect';

export interface Worked {
  index: number;
  /** Row, column, channel of an image; the feature of a vector. */
  place: number[];
  x: number;
  s?: number;
  t?: number;
  y: number;
  /** 1: passes unchanged. */
  passes: boolean;
  /** Which published form of the affine map gives this y, with its value before the batch norm. */
  form?: { kind: AffineForm; value: number; normed: boolean };
}

export type AffineForm =
  'x·exp(s) + t' | '(x + t)·exp(s)' | '(x − t)·exp(−s)' | 'x·exp(−s) − t' | 'x·exp(−s) + t' | 'unchanged';

const forms: { kind: AffineForm; value(x: number, s: number, t: number): number }[] = [
  { kind: 'x·exp(s) + t', value: (x, s, t) => x * Math.exp(s) + t },
  { kind: '(x + t)·exp(s)', value: (x, s, t) => (x + t) * Math.exp(s) },
  { kind: '(x − t)·exp(−s)', value: (x, s, t) => (x - t) * Math.exp(-s) },
  { kind: 'x·exp(−s) − t', value: (x, s, t) => x * Math.exp(-s) - t },
  { kind: 'x·exp(−s) + t', value: (x, s, t) => x * Math.exp(-s) + t },
];

export function tensorNamed(view: ExampleLayer, name: string): ExampleLayer['tensors'][number] | undefined {
  return view.tensors.find((tensor) => tensor.name === name);
}

/** The marked element, or the first that moves. Undefined when the values are not there. */
export function workedElement(view: ExampleLayer, marked: number): Worked | undefined {
  const x = tensorNamed(view, 'x');
  const y = tensorNamed(view, 'y');
  if (!x?.data || !y?.data) return undefined;
  const firstMoving = view.mask ? view.mask.data.findIndex((value) => value < 0.5) : 0;
  const index = marked >= 0 && marked < x.data.length ? marked : Math.max(0, firstMoving);
  const [, width = 1, channels = 1] = x.shape;
  const place =
    x.shape.length === 3
      ? [Math.floor(index / (width * channels)), Math.floor(index / channels) % width, index % channels]
      : [index];
  const worked: Worked = {
    index,
    place,
    x: x.data[index]!,
    s: tensorNamed(view, 's')?.data?.[index],
    t: tensorNamed(view, 't')?.data?.[index],
    y: y.data[index] ?? NaN,
    passes: view.mask ? view.mask.data[index]! > 0.5 : false,
  };
  worked.form = fittingForm(view, worked, place.at(-1)!);
  return worked;
}

/** Published models disagree on the affine form; the numbers tell which one this is. */
function fittingForm(view: ExampleLayer, worked: Worked, channel: number): Worked['form'] {
  const { x, s, t, y } = worked;
  const candidates: { kind: AffineForm; value: number }[] = worked.passes
    ? [{ kind: 'unchanged', value: x }]
    : s === undefined || t === undefined
      ? []
      : forms.map((form) => ({ kind: form.kind, value: form.value(x, s, t) }));
  const close = (a: number, b: number): boolean =>
    Object.is(a, b) ||
    Math.abs(a - b) <= 2e-4 * Math.max(1, Math.abs(a), Math.abs(b)) ||
    (!Number.isFinite(a) && !Number.isFinite(b));
  for (const { kind, value } of candidates) {
    const mean = view.norm?.mean[channel];
    const std = view.norm?.std[channel];
    if (mean !== undefined && std !== undefined && close((value - mean) / std, y))
      return { kind, value, normed: true };
    if (close(value, y)) return { kind, value, normed: false };
  }
  return undefined;
}
