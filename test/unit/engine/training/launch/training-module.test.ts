import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRunConfig } from '../../../../../src/config/parse';
import { trainingModule } from '../../../../../src/engine/training/launch/training-module';
import { buildFlow, buildPreprocess } from '../../../../../src/flow/flow';

function printed(model: object): ReturnType<typeof trainingModule> {
  const config = parseRunConfig({ data: { source: 'moons' }, model }, 'test').model;
  const flow = buildFlow(config);
  return trainingModule({ flow, preprocess: buildPreprocess(config, flow) });
}

const image = { kind: 'image', height: 4, width: 4, channels: 1, levels: 17, scales: 1, base: 4, blocks: 1 };
const vector = { kind: 'vector', dim: 2, couplings: 2, hidden: [4] };

test('statistics of a batch are taken by what knows all processes, whatever the size of the batch', () => {
  const { text, updates } = printed(image);
  assert.match(text, /from flowscope\.training\.collective import batch_mean/);
  assert.match(text, /from flowscope\.training\.collective import normalize_batch/);
  assert.match(text, /def training_pass\(self, x: Tensor\)/);
  // The number that stands for any batch size.
  assert.doesNotMatch(text, /7919/);
  assert.ok(updates.length > 0 && updates.every((name) => /\.(mean|variance)$/.test(name)));
});

test('an unbiased variance asks for the size of the batch', () => {
  const { text } = printed({ ...vector, between: 'batchNorm', normVariance: 'unbiased' });
  assert.match(text, /batch_size\(/);
  assert.doesNotMatch(text, /7919/);
});

test('a flow without statistics has all three functions, and nothing of ours', () => {
  const { text, updates } = printed(vector);
  for (const name of ['evaluate', 'draw', 'training_pass']) assert.match(text, new RegExp(`def ${name}\\(`));
  assert.doesNotMatch(text, /import.*flowscope|from flowscope/);
  assert.deepEqual(updates, []);
});
