import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatsIn } from '../../../src/extension/format';

const { formatBest, formatBytes, formatLoss, formatProgress, formatTrainings } = formatsIn({
  noValidation: 'no validation yet',
  saving: 'saving…',
  preparing: 'preparing…',
  paused: 'paused',
  trainings: '{0} trainings',
  somePaused: '{0} paused',
  step: 'step {0}',
  left: '{0} left',
  decimalMark: '.',
});

describe('texts of the status bar and the Runs view', () => {
  it('tells the loss in the unit that the data have, validation first', () => {
    assert.equal(formatLoss({ step: 1, seconds: 1, trainNats: 90, trainBitsPerDim: 2.5 }), '2.500 bits/dim');
    assert.equal(
      formatLoss({ step: 1, seconds: 1, trainBitsPerDim: 2.5, validationBitsPerDim: 2.25 }),
      '2.250 bits/dim',
    );
    assert.equal(formatLoss({ step: 1, seconds: 1, trainNats: -0.5 }), '−0.500 nats');
    assert.equal(formatLoss({ step: 1, seconds: 1 }), undefined);
  });

  it('tells a training from start to end', () => {
    assert.equal(formatProgress('digits', undefined, false), 'digits: preparing…');
    const progress = {
      phase: 'training' as const,
      step: 45,
      totalSteps: 100,
      fraction: 0.4599,
      etaSeconds: 64,
      metrics: { step: 45, seconds: 9, trainNats: 1.25 },
    };
    assert.equal(formatProgress('moons', progress, false), 'moons 45% · 1.250 nats · 1:04 left');
    // The first percent of a long training takes minutes.
    const early = { ...progress, step: 7, fraction: 0.0099 };
    assert.equal(formatProgress('moons', early, false), 'moons step 7 · 1.250 nats · 1:04 left');
    assert.equal(formatProgress('moons', progress, true), 'moons: saving…');
    assert.equal(formatProgress('moons', { ...progress, phase: 'paused' }, false), 'moons 45% · paused');
  });

  it('counts several trainings, and those among them that are paused', () => {
    const training = (phase: 'training' | 'paused', stopping = false) => ({
      title: 'moons',
      stopping,
      progress: { phase, step: 1, totalSteps: 4, fraction: 0.25 },
    });
    assert.equal(formatTrainings([]), '');
    assert.equal(formatTrainings([training('training')]), 'moons 25%');
    assert.equal(formatTrainings([training('training'), training('training')]), '2 trainings');
    assert.equal(
      formatTrainings([training('paused'), training('training'), training('paused', true)]),
      '3 trainings · 1 paused',
    );
  });

  it('tells sizes and bests', () => {
    assert.deepEqual(
      [12, 51_234, 5_100_000].map((bytes) => formatBytes(bytes)),
      ['12 B', '51 kB', '5.1 MB'],
    );
    assert.equal(formatBest(undefined), 'no validation yet');
    assert.equal(formatBest({ step: 1, nats: 92, bitsPerDim: 2.0741 }), '2.074 bits/dim');
    assert.equal(formatBest({ step: 1, nats: NaN }), 'NaN nats');
  });
});
