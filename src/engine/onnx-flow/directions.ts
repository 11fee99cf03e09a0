/** Both directions of a runner, by what leads from one end of a file to the other. */
import {
  standardizingLogDets,
  withoutStandardizing,
  type Standardization,
} from '../../config/standardization';
import type { FlowRunner, Space } from '../model/runner';
import type { RunningBase } from '../model/running-base';

/** From data units to the file's x and back, channels last. */
export interface OutsideStep {
  forward(x: Float32Array, count: number): Promise<{ value: Float32Array; logDet: Float32Array }>;
  inverse(y: Float32Array, count: number): Promise<{ value: Float32Array; logDet: Float32Array }>;
}

/** From one end to the other, with the log-det of that way; `layers` has what each coupling adds, where it is known. */
export type Run = (
  values: Float32Array,
  count: number,
  context: ArrayLike<number> | undefined,
) => Promise<{ values: Float32Array; logDet: Float32Array; layers: Float32Array[] }>;

export interface Ends {
  /** The space of the file's own x. */
  space: Space;
  /** Absent where data units are the file's x. */
  outside: OutsideStep | undefined;
  /** From data units to the flow's input, where the file has it inside. */
  standardizing: Standardization | undefined;
  base: RunningBase;
  /** @throws UserError where x cannot be had in that space */
  check?(xSpace: Space): void;
}

/** @param run leads from x to z in `forward`, and from z to x in `inverse` */
export function directionsBy(
  run: Run,
  { space, outside, standardizing, base, check }: Ends,
): Pick<FlowRunner, 'forward' | 'inverse'> {
  return {
    async forward(x, count, xSpace, { context } = {}) {
      check?.(xSpace);
      const before = xSpace === space ? undefined : await outside?.forward(x, count);
      const { values: z, logDet, layers } = await run(before?.value ?? x, count, context);
      const inside = standardizingLogDets(standardizing, x, count);
      return {
        z,
        logDet: logDet.map((value, i) => withoutStandardizing(value, inside[i]!)),
        preprocessing: before?.logDet ?? inside,
        prior: await base.logProb(z, count, context),
        couplings: layers,
        // Folded into the couplings' share.
        norms: layers.map(({ length }) => new Float32Array(length)),
      };
    },
    async inverse(z, count, xSpace, { context } = {}) {
      check?.(xSpace);
      const { values: x, logDet } = await run(z, count, context);
      if (xSpace === space || !outside) return { x, logDet };
      const { value, logDet: outer } = await outside.inverse(x, count);
      return { x: value, logDet: logDet.map((inner, i) => inner + outer[i]!) };
    },
  };
}
