/** The signs of the headline, from what the checks and calibration found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Calibration, CalibrationPart, RankTest } from '../../../src/protocol/calibration';
import { checkNames, type Finding } from '../../../src/protocol/findings';
import { otherFaults, signsOf } from '../../../src/protocol/signs';

const all = (changes: Partial<Record<Finding['check'], Partial<Finding>>> = {}): Finding[] =>
  checkNames.map((check) => ({
    ...{ check, severity: 'ok', kind: 'well', sentence: '', values: {} },
    ...changes[check],
  }));

const marks = (...args: Parameters<typeof signsOf>): string =>
  signsOf(...args)
    .map(({ name, mark }) => `${name} ${mark}`)
    .join(', ');

/** With these p-values of a feature, coverage and TARP; `undefined` where the test is not off. */
function calibrated(pValues: (number | undefined)[], done = 100): CalibrationPart {
  const [feature, coverage, tarp] = pValues.map(
    (pValue) =>
      ({ pValue: pValue ?? 0.5, ...(pValue === undefined ? {} : { off: 'too narrow' }) }) as RankTest,
  );
  const calibration = { features: [feature], coverage, tarp, nonFinite: 0 } as unknown as Calibration;
  return { done, total: 100, featureCount: 1, calibration, settings: {} as CalibrationPart['settings'] };
}

test('each sign is what its check found, and other faults are counted', () => {
  assert.equal(
    marks(all(), undefined),
    'samples ok, overfitting ok, latents ok, inverse ok, calibration unknown',
  );
  const found = all({
    samples: { severity: 'error' },
    overfitting: { severity: 'skipped' },
    latents: { severity: 'warning' },
    inverse: { severity: 'notice' },
    deadUnits: { severity: 'notice' },
    scaleSize: { severity: 'error' },
  });
  assert.equal(
    marks(found, calibrated([undefined, undefined, undefined])),
    'samples error, overfitting unknown, latents notice, inverse notice, calibration ok',
  );
  assert.deepEqual(
    otherFaults(found).map(({ check }) => check),
    ['scaleSize', 'deadUnits'],
  );
  assert.deepEqual(otherFaults(all()), []);
});

test('nothing passes on own samples, for a broken training, or before it is known', () => {
  const none = 'samples unknown, overfitting unknown, latents unknown, inverse unknown, calibration unknown';
  assert.equal(marks(undefined, undefined), none);
  const ofSamples = { severity: 'skipped', kind: 'ofSamples' } as const;
  const own = { samples: ofSamples, latents: ofSamples, overfitting: { severity: 'skipped' } as const };
  assert.equal(marks(all(own), undefined), none);
  assert.match(marks(all({ ...own, inverse: { severity: 'error' } }), undefined), /inverse error/);
  assert.equal(marks(all(), calibrated([undefined, undefined, undefined]), true), none);
});

test('calibration counts once it is complete, and is a fault where chance cannot explain it', () => {
  const of = (part: CalibrationPart): string => signsOf(all(), part).at(-1)!.mark;
  assert.equal(of(calibrated([undefined, 1e-9, undefined], 50)), 'unknown');
  assert.equal(of(calibrated([undefined, 0.002, undefined])), 'notice');
  assert.equal(of(calibrated([0.0005, undefined, undefined])), 'error');
});
