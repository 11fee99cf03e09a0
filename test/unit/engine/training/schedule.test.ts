import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { trainingSchema } from '../../../../src/config/schema';
import { averageDecayAt, learningRateAt } from '../../../../src/engine/training/schedule';

const config = (settings: object) => v.parse(trainingSchema, settings);

test('warm-up is linear, half a cosine ends at the final rate', () => {
  const cosine = config({
    steps: 110,
    warmupSteps: 10,
    learningRate: 1e-2,
    finalLearningRate: 1e-4,
    schedule: 'cosine',
  });
  assert.equal(learningRateAt(5, cosine), 5e-3);
  assert.equal(learningRateAt(10, cosine), 1e-2);
  assert.ok(Math.abs(learningRateAt(60, cosine) - (1e-2 + 1e-4) / 2) < 1e-12);
  assert.ok(Math.abs(learningRateAt(110, cosine) - 1e-4) < 1e-12);
});

test('the moving average forgets the initial weights, and then keeps the decay that was asked for', () => {
  const averaged = config({ ema: 0.99 });
  // Weights jump from 0 to 1 at the first step: after 100 steps the average must have followed.
  let average = 0;
  for (let step = 1; step <= 100; step++) {
    const decay = averageDecayAt(step, averaged);
    average = decay * average + (1 - decay);
  }
  assert.ok(average > 0.999, `is ${average}`);
  assert.equal(averageDecayAt(10_000, averaged), 0.99);
});

test('a new rate is the one of its step; the schedule goes on in proportion, and warm-up never leads above it', () => {
  const cosine = config({ steps: 110, warmupSteps: 10, learningRate: 1e-2, schedule: 'cosine' });
  const late = [{ step: 60, learningRate: 1e-3 }];
  assert.equal(learningRateAt(59, cosine, late), learningRateAt(59, cosine));
  assert.ok(Math.abs(learningRateAt(60, cosine, late) - 1e-3) < 1e-15);
  const half = (step: number): number => 1 + Math.cos((Math.PI * (step - 10)) / 100);
  assert.ok(Math.abs(learningRateAt(90, cosine, late) - (1e-3 * half(90)) / half(60)) < 1e-15);
  const early = [{ step: 2, learningRate: 1e-3 }];
  assert.ok(Math.abs(learningRateAt(2, cosine, early) - 2e-4) < 1e-15);
  for (let step = 2; step <= 110; step++) assert.ok(learningRateAt(step, cosine, early) <= 1e-3 + 1e-15);
  const constant = config({ steps: 10, learningRate: 1e-2 });
  const twice = [
    { step: 3, learningRate: 5e-3 },
    { step: 7, learningRate: 2e-2 },
  ];
  assert.deepEqual(
    [2, 3, 6, 7, 10].map((step) => learningRateAt(step, constant, twice)),
    [1e-2, 5e-3, 5e-3, 2e-2, 2e-2],
  );
  // The last step of a cosine has the rate 0; what is asked for counts there too.
  assert.equal(learningRateAt(110, cosine, [{ step: 110, learningRate: 1e-3 }]), 1e-3);
});
