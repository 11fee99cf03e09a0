/** The direction that a file lacks, as a runner, by the layers that were found in it. */
import {
  standardizingLogDets,
  withoutStandardizing,
  type Standardization,
} from '../../config/standardization';
import type { RunningBase } from '../model/running-base';
import type { ModelConfig } from '../../config/schema';
import type { OutsideStep } from './programs';
import type { Reverse } from './reverse';
import type { FlowRunner, Space } from '../model/runner';

export interface ReverseRunnerSource {
  config: ModelConfig;
  inputShape: readonly number[];
  reverse: Reverse;
  base: RunningBase;
  /** From data units to the flow's input, where the file has it inside. */
  standardizing: Standardization | undefined;
  /** The space of the file's own x. */
  space: Space;
  /** From data units to the file's x and back, where that is outside of the file. */
  outside: (OutsideStep & { inverse: OutsideStep['forward'] }) | undefined;
}

export function reverseForward(source: ReverseRunnerSource): FlowRunner['forward'] {
  const { reverse, base, standardizing, space, outside } = source;
  return async (x, count, asked, { context } = {}) => {
    const before = asked === space ? undefined : await outside?.forward(x, count);
    // The file goes from z to x: its input is z.
    const { input: z, logDet } = await reverse.run(before?.value ?? x, count, context);
    const inside = standardizingLogDets(standardizing, x, count);
    return {
      z,
      logDet: logDet.map((value, i) => withoutStandardizing(-value, inside[i]!)),
      preprocessing: before?.logDet ?? inside,
      prior: await base.logProb(z, count, context),
      couplings: [],
      norms: [],
    };
  };
}

export function reverseInverse({ reverse, space, outside }: ReverseRunnerSource): FlowRunner['inverse'] {
  return async (z, count, asked, { context } = {}) => {
    const { input: x, logDet } = await reverse.run(z, count, context);
    const total = logDet.map((value) => -value);
    if (asked === space || !outside) return { x, logDet: total };
    const { value, logDet: outer } = await outside.inverse(x, count);
    return { x: value, logDet: total.map((inner, i) => inner + outer[i]!) };
  };
}
