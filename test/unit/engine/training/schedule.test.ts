import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { trainingSchema } from '../../../../src/config/training-section';
import { averageDecayAt, learningRateAt } from '../../../../src/engine/training/schedule';

const config = (given: object) => v.parse(trainingSchema, given);

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
