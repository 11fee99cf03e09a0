/** From steps between cuts to layers: an addition and a multiplication are one coupling, two constant ones one norm. */
import type { AffineStep, FlowStep, MixingStep, OrderedStep, UnknownStep } from './step';

interface Group<Kind extends string, Step> {
  kind: Kind;
  steps: Step[];
}

/**
 * Each value by a map of its own: a spline coupling, an autoregressive layer, a function of single values. Constant steps surround
 * the one that is ordered, as the box of a spline.
 */
export type OrderedGroup = Group<'ordered', OrderedStep | AffineStep>;

/** Elementwise with constant scale and shift: batch normalization, ActNorm, standardization. */
type NormGroup = Group<'norm', AffineStep>;

export type StepGroup =
  | Group<'coupling', AffineStep>
  | NormGroup
  | OrderedGroup
  | Group<'mixing', MixingStep>
  | Group<'unknown', UnknownStep>;

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
  if (step.kind === 'affine') return { kind: isConstant(step) ? 'norm' : 'coupling', steps: [step] };
  return { kind: step.kind, steps: [step] } as StepGroup;
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
  const joined = (fits: boolean, next: FlowStep = step, kind = last.kind): StepGroup | undefined =>
    fits ? ({ kind, steps: [...last.steps, next] } as StepGroup) : undefined;
  switch (step.kind) {
    case 'unknown':
      return joined(last.kind === 'unknown' && !step.measured && !last.steps[0]!.measured);
    case 'mixing':
      return joined(last.kind === 'mixing');
    case 'ordered':
      // The box before a spline: no layer scales one part of the value alone.
      if (last.kind === 'norm') return joined(same && part, step, 'ordered');
      return joined(last.kind === 'ordered' && same && isPlain(step) && (part || last.steps.every(isPlain)));
    case 'affine':
      break;
  }
  if (!isConstant(step)) {
    if (last.kind === 'norm') return joined(same, step, 'coupling');
    return joined(last.kind === 'coupling' && same && !repeats(last.steps, step));
  }
  switch (last.kind) {
    case 'norm':
      return joined(true);
    case 'coupling':
      return joined(inside);
    case 'ordered':
      return joined(inside && part);
    case 'unknown': {
      const { moved, made, computed } = step;
      const { reason } = last.steps[0]!;
      return joined(inside && part, { kind: 'unknown', moved, made, computed, reason });
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
