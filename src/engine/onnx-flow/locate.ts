/** Finds the tensors of the graph that hold a step's s and t, by their values. */
import { groupedBy } from '../../base/group';
import type { AffineStep } from './step';
import type { NumberedProbe } from './variables';

/** How a located value becomes the wanted one. */
export type Reading = 'same' | 'negative' | 'log' | 'negative log';

export type Located = NonNullable<ReturnType<typeof locate>>;

export function read(reading: Reading, value: number): number {
  switch (reading) {
    case 'same':
      return value;
    case 'negative':
      return -value;
    case 'log':
      return Math.log(Math.abs(value));
    case 'negative log':
      return -Math.log(Math.abs(value));
  }
}

/** The tensors that ln |a| is read from, best the one that is it. */
export function locateLogScale(probe: NumberedProbe, step: AffineStep) {
  const targets = step.scale.map((run) => run.map((a) => Math.log(Math.abs(a))));
  const readings: Reading[] = ['same', 'negative', 'log', 'negative log'];
  // A norm that shares its multiplication with the coupling leaves a constant factor.
  return locate(probe, step, targets, readings) ?? locate(probe, step, targets, readings, true);
}

/** The tensors that t is read from, with the sign that they have, and what comes first: y = x·eˢ + t or (x + t)·eˢ. */
export function locateShift(probe: NumberedProbe, step: AffineStep) {
  const after = locate(probe, step, step.shift, ['same', 'negative']);
  if (after) return { located: after, first: 'scale' as const };
  const before = step.shift.map((run, r) => run.map((b, i) => b / step.scale[r]![i]!));
  const located = locate(probe, step, before, ['same', 'negative']);
  return located && { located, first: 'shift' as const };
}

function locate(
  { values, variables: { tensors, byName, home, place } }: NumberedProbe,
  { made, computed }: AffineStep,
  targets: readonly Float64Array[],
  readings: readonly Reading[],
  /** Accepts values that differ by the same amount in every run. */
  constants = false,
) {
  const homes = groupedBy(made.keys(), (i) => home[made[i]!]!);
  for (const reading of readings) {
    const names: string[] = [];
    /** By made variable: index into `tensors`, and element. */
    const which = new Int32Array(made.length);
    const places = new Int32Array(made.length);
    /** Added to what is read, by made variable: constants that the graph has multiplied in. Absent where there are none. */
    const offset = new Float64Array(made.length);
    const complete = [...homes].every(([index, members]) => {
      const size = tensors[index]!.ids.length;
      const madePlaces = members.map((i) => place[made[i]!]!);
      const rankOf = new Map([...madePlaces].sort((a, b) => a - b).map((p, rank) => [p, rank]));
      const ranks = madePlaces.map((p) => rankOf.get(p)!);
      // The last tensor that fits is the one that is used; earlier ones are on the way to it.
      for (const name of computed.toReversed()) {
        const { ids } = byName.get(name)!;
        const layouts = [
          ...(ids.length === size ? [madePlaces] : []),
          ...(ids.length === members.length ? [ranks] : []),
          ...(ids.length === 1 ? [members.map(() => 0)] : []),
        ];
        const at = (r: number, p: number): number => read(reading, values.get(name)![r]![p]!);
        const apart = (i: number, p: number): number => (constants ? targets[0]![i]! - at(0, p) : 0);
        const fitting = layouts.find((layout) =>
          members.every((i, k) => {
            const p = layout[k]!;
            const plus = apart(i, p);
            const differs = !constants || at(0, p) !== at(1, p);
            const isClose = (value: number, r: number): boolean =>
              Math.abs(at(r, p) + plus - value) <= 2e-4 * Math.abs(value) + 2e-5;
            return differs && targets.every((run, r) => isClose(run[i]!, r));
          }),
        );
        if (!fitting) continue;
        members.forEach((i, k) => {
          offset[i] = apart(i, fitting[k]!);
          which[i] = names.length;
          places[i] = fitting[k]!;
        });
        names.push(name);
        return true;
      }
      return false;
    });
    if (complete) return { reading, tensors: names, which, places, ...(constants ? { offset } : {}) };
  }
  return undefined;
}
