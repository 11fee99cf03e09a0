/** The five questions of a page's headline, answered by what was found already. */
import type { CalibrationPart } from './calibration';
import { bySeverity, type Finding } from './findings';

/** In the order in which they are shown. */
const signNames = ['samples', 'overfitting', 'latents', 'inverse', 'calibration'] as const;

export interface Sign {
  name: (typeof signNames)[number];
  /** `notice`: outside of what is allowed. `error`: so far that results suffer. `unknown`: nothing to check with, or not checked yet. */
  mark: 'ok' | 'notice' | 'error' | 'unknown';
  /** Absent for calibration, and while nothing is known. */
  finding?: Finding;
}

/** A p-value below it is more than a notice. */
const surelyOff = 0.001;

/**
 * @param findings absent while they are not known
 * @param isFailed the training broke down: what is well with its last checkpoint says nothing good of it
 */
export function signsOf(
  findings: readonly Finding[] | undefined,
  calibration: CalibrationPart | null | undefined,
  isFailed = false,
): Sign[] {
  // Own samples come back from z, and are likely, whatever the flow learned.
  const isOfSamples = findings?.some(({ kind }) => kind === 'ofSamples') ?? false;
  return signNames.map((name): Sign => {
    if (name === 'calibration') return { name, mark: isFailed ? 'unknown' : calibrationMark(calibration) };
    const finding = findings?.find(({ check }) => check === name);
    if (!finding) return { name, mark: 'unknown' };
    const mark = markOf(finding);
    const saysNothing = isFailed || (isOfSamples && name === 'inverse');
    return { name, mark: mark === 'ok' && saysNothing ? 'unknown' : mark, finding };
  });
}

export const markOf = ({ severity }: Finding): Sign['mark'] =>
  severity === 'skipped' ? 'unknown' : severity === 'warning' ? 'notice' : severity;

/** What is wrong besides the five, the worst first. */
export const otherFaults = (findings: readonly Finding[]): Finding[] =>
  bySeverity(findings).filter(
    ({ check, severity }) =>
      !(signNames as readonly string[]).includes(check) && severity !== 'ok' && severity !== 'skipped',
  );

/** The sign of a calibration; unknown until it has gone to its end. */
function calibrationMark(part: CalibrationPart | null | undefined): Sign['mark'] {
  if (!part?.calibration || part.done < part.total) return 'unknown';
  const { features, coverage, tarp, nonFinite } = part.calibration;
  const off = [...features, coverage, tarp].filter((test) => test.off);
  if (off.some(({ pValue }) => pValue < surelyOff)) return 'error';
  return off.length > 0 || nonFinite > 0 ? 'notice' : 'ok';
}
