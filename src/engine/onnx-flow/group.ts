/** From steps between cuts to layers: an addition and a multiplication are one coupling, two constant ones one norm. */
import type { AffineStep, FlowStep, MixingStep, OrderedStep, UnknownStep } from './step';

export interface CouplingGroup {
  kind: 'coupling';
  steps: AffineStep[];
}
/** Each value by a map of its own: a spline coupling, an autoregressive layer, a function of single values. */
export interface OrderedGroup {
  kind: 'ordered';
  /** Constant ones surround the one that is ordered, as the box of a spline. */
  steps: (OrderedStep | AffineStep)[];
}
export interface MixingGroup {
  kind: 'mixing';
  steps: MixingStep[];
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
export type StepGroup = CouplingGroup | NormGroup | OrderedGroup | MixingGroup | UnknownGroup;

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
    const inside = within(step.moved, current);
    const same = inside && step.moved.length === current.size;
    const joined = last && join(last, step, { inside, same, part: step.moved.length < dimensions });
    if (joined) groups[groups.length - 1] = joined;
    else groups.push(groupOf(step));
    // What an unknown span replaced in part, it holds in all.
    if (!joined) current = new Set();
    for (const id of step.moved) current.delete(id);
    for (const id of step.made) current.add(id);
  }
  return groups;
}

function groupOf(step: FlowStep): StepGroup {
  switch (step.kind) {
    case 'affine':
      return { kind: isConstant(step) ? 'norm' : 'coupling', steps: [step] };
    case 'mixing':
      return { kind: 'mixing', steps: [step] };
    case 'ordered':
      return { kind: 'ordered', steps: [step] };
    case 'unknown':
      return { kind: 'unknown', steps: [step] };
  }
}

const isConstant = ({ scaleVaries, shiftVaries }: AffineStep): boolean => !scaleVaries && !shiftVaries;

/**
 * The last group with the next step, where both are one layer.
 * @param where `inside`: it moves nothing but what the group moved; `same`: all of that; `part`: not all of the flow
 */
function join(
  last: StepGroup,
  step: FlowStep,
  { inside, same, part }: { inside: boolean; same: boolean; part: boolean },
): StepGroup | undefined {
  switch (step.kind) {
    case 'unknown':
      return last.kind === 'unknown' && !step.measured && !last.steps[0]!.measured
        ? { kind: 'unknown', steps: [...last.steps, step] }
        : undefined;
    case 'mixing':
      return last.kind === 'mixing' ? { kind: 'mixing', steps: [...last.steps, step] } : undefined;
    case 'ordered':
      // The box before a spline: no layer scales one part of the value alone.
      if (last.kind === 'norm' && same && part) return { kind: 'ordered', steps: [...last.steps, step] };
      return last.kind === 'ordered' && same && isPlain(step) && (part || last.steps.every(isPlain))
        ? { kind: 'ordered', steps: [...last.steps, step] }
        : undefined;
    case 'affine':
      break;
  }
  if (!isConstant(step)) {
    const { kind, steps } = last;
    if ((kind === 'coupling' && same && !repeats(steps, step)) || (kind === 'norm' && same))
      return { kind: 'coupling', steps: [...steps, step] };
    return undefined;
  }
  switch (last.kind) {
    case 'norm':
      return { kind: 'norm', steps: [...last.steps, step] };
    case 'coupling':
      return inside ? { kind: 'coupling', steps: [...last.steps, step] } : undefined;
    case 'ordered':
      return inside && part ? { kind: 'ordered', steps: [...last.steps, step] } : undefined;
    case 'unknown': {
      const { moved, made, computed } = step;
      const reason = last.steps[0]!.reason;
      return inside && part
        ? { kind: 'unknown', steps: [...last.steps, { kind: 'unknown', moved, made, computed, reason }] }
        : undefined;
    }
    case 'mixing':
      return undefined;
  }
}

/** A function of each value alone, the same for every example. */
function isPlain(step: OrderedStep | AffineStep): boolean {
  return step.kind === 'affine' ? isConstant(step) : step.map.kind === 'elementwise' && !step.map.conditioned;
}

/** Two scales, or two shifts, that both depend on what passes through are two couplings. */
function repeats(steps: readonly AffineStep[], next: AffineStep): boolean {
  return steps.some(
    ({ scaleVaries, shiftVaries }) => (scaleVaries && next.scaleVaries) || (shiftVaries && next.shiftVaries),
  );
}
