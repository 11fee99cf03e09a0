import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRunConfig, type RunRequest } from '../../../src/config/build';

const trainingOf = (examples: number | undefined, request: RunRequest = {}) =>
  buildRunConfig(
    { data: 'rows.csv', ...request },
    {
      kind: 'vector',
      name: 'rows.csv',
      shape: [5],
      ...(examples === undefined ? {} : { examples }),
      provenance: { source: 'rows.csv' },
    },
  ).training;

test('steps of a table grow with its rows, within bounds', () => {
  // 256 rows a step: 200 passes are 200 × rows/256 steps, and a step cannot have more rows than there are.
  assert.equal(trainingOf(40).steps, 200);
  assert.equal(trainingOf(211).steps, 200);
  assert.equal(trainingOf(2560).steps, 2000);
  assert.equal(trainingOf(1_000_000).steps, 20_000);
  assert.equal(trainingOf(undefined).steps, 20_000);
});

test('a short training still validates often enough to stop early', () => {
  const { steps, validateEvery, patience, warmupSteps, checkpointEvery } = trainingOf(211);
  assert.ok(patience > 0 && patience * validateEvery < steps / 2);
  assert.ok(warmupSteps <= steps / 10 && checkpointEvery < steps);
});

test('what the user set wins, and other presets keep their steps', () => {
  const config = { data: { source: 'rows.csv' }, training: { steps: 3000 } };
  const own = trainingOf(40, { config, preset: 'tabular' });
  assert.deepEqual([own.steps, own.validateEvery], [3000, 250]);
  assert.equal(trainingOf(40, { training: { steps: 700 } }).steps, 700);
  const often = trainingOf(40, {
    config: { data: { source: 'rows.csv' }, training: { validateEvery: 50 } },
    preset: 'tabular',
  });
  assert.deepEqual([often.steps, often.validateEvery], [200, 50]);
  assert.equal(trainingOf(40, { training: { batch: 8 } }).steps, 1000);
  assert.equal(trainingOf(40, { preset: 'nflows' }).steps, 200);
  assert.equal(trainingOf(40, { preset: 'moons' }).steps, 8000);
});

test('few pictures get few steps too', () => {
  const stepsOf = (examples: number) =>
    buildRunConfig(
      { data: 'photos', preset: 'image' },
      {
        kind: 'image',
        name: 'photos',
        shape: [20, 20, 3],
        levels: 256,
        examples,
        provenance: { source: 'photos' },
      },
    ).training.steps;
  // 100 passes of 7 steps of 64 pictures.
  assert.equal(stepsOf(480), 700);
  assert.equal(stepsOf(50_000), 20_000);
});
