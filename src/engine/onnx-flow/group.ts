/** From steps between cuts to layers: an addition and a multiplication are one coupling, two constant ones one norm. */
import type { AffineStep, FlowStep, UnknownStep } from './step';

export interface CouplingGroup {
  kind: 'coupling';
  steps: AffineStep[];
}
/** Elementwise with constant scale and shift: batch normalization, ActNorm, standardization. */
export interface NormGroup {
  kind: 'norm';
  steps: AffineStep[];
}
export interface UnknownGroup {
  kind: 'unknown';
  steps: UnknownStep[];
}
export type StepGroup = CouplingGroup | NormGroup | UnknownGroup;

const within = (ids: Int32Array, set: ReadonlySet<number>): boolean => ids.every((id) => set.has(id));

/**
 * A norm between two couplings that move the same values belongs to the one nearer to the data, whichever way the file runs.
 * @param dimensions of the flow
 * @param backward whether the steps lead from latent to data
 */
export function groupSteps(steps: readonly FlowStep[], dimensions: number, backward: boolean): StepGroup[] {
  if (!backward) return groupForward(steps, dimensions);
  return groupForward(steps.toReversed().map(turned), dimensions)
    .toReversed()
    .map((group) => ({ ...group, steps: group.steps.toReversed().map(turned) }) as StepGroup);
}

function turned<T extends FlowStep>(step: T): T {
  return { ...step, moved: step.made, made: step.moved };
}

function groupForward(steps: readonly FlowStep[], dimensions: number): StepGroup[] {
  const groups: StepGroup[] = [];
  /** What the last group's moved variables have become. */
  let current = new Set<number>();
  for (const step of steps) {
    const last = groups[groups.length - 1];
    if (step.kind === 'unknown') {
      if (last?.kind === 'unknown') last.steps.push(step);
      else groups.push({ kind: 'unknown', steps: [step] });
      if (last?.kind !== 'unknown') current = new Set();
      for (const id of step.moved) current.delete(id);
      for (const id of step.made) current.add(id);
      continue;
    }
    const inside = within(step.moved, current);
    const same = inside && step.moved.length === current.size;
    const conditioned = step.scaleVaries || step.shiftVaries;
    if (conditioned && same && last?.kind === 'coupling' && !repeats(last.steps, step)) last.steps.push(step);
    else if (conditioned && same && last?.kind === 'norm') {
      groups[groups.length - 1] = { kind: 'coupling', steps: [...last.steps, step] };
    } else if (!conditioned && last && last.kind !== 'unknown' && (inside || last.kind === 'norm')) {
      last.steps.push(step);
    } else if (!conditioned && last?.kind === 'unknown' && inside && step.moved.length < dimensions) {
      // Such as the box of a spline: no layer scales one part of the value alone.
      const { moved, made, computed } = step;
      last.steps.push({ kind: 'unknown', moved, made, computed, reason: last.steps[0]!.reason });
    } else {
      groups.push({ kind: conditioned ? 'coupling' : 'norm', steps: [step] });
      current = new Set();
    }
    for (const id of step.moved) current.delete(id);
    for (const id of step.made) current.add(id);
  }
  return groups;
}

/** Two scales, or two shifts, that both depend on what passes through are two couplings. */
function repeats(steps: readonly AffineStep[], next: AffineStep): boolean {
  return steps.some(
    ({ scaleVaries, shiftVaries }) => (scaleVaries && next.scaleVaries) || (shiftVaries && next.shiftVaries),
  );
}
