/** Turns observations of the passes into findings: pure, so that anything that can be observed can be judged. */
import { bySeverity, type Finding } from '../../../protocol/findings';
import type { Check } from './check';
import { deadConditioner } from './dead-conditioner';
import { deadUnits } from './dead-units';
import { inverse } from './inverse';
import { latents } from './latents';
import { modes } from './modes';
import { nonFinite } from './non-finite';
import { normStatistics } from './norm-statistics';
import type { Observations } from './observations';
import { outsideSpline } from './outside-spline';
import { overfitting } from './overfitting';
import { saturation } from './saturation';
import { scaleSize } from './scale-size';

const checks: readonly Check[] = [
  nonFinite,
  scaleSize,
  saturation,
  outsideSpline,
  deadConditioner,
  deadUnits,
  normStatistics,
  modes,
  latents,
  inverse,
  overfitting,
];

/** The worst first. Where values are not finite, no other finding would hold. */
export function judge(seen: Observations): Finding[] {
  const first = nonFinite(seen);
  if (first.severity === 'error') return [first];
  return bySeverity(checks.map((check) => check(seen)));
}
