import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelSummary } from '../../../src/protocol/model';
import { choicesOf } from '../../../webview/features/compare/choices';

test('a recent checkpoint is named after its run, or as the run that is listed names it', () => {
  const step = '/work/other/checkpoints/step-00000040.flow.safetensors';
  const runs = [{ folder: '/work/other', checkpoints: [{ path: step, step: 40, best: true }] }];
  const recent = [step, '/work/apart/checkpoints/best.flow.safetensors', '/data/theirs/maf.pt'];
  const choices = choicesOf({ path: '/work/a.flow.safetensors' } as ModelSummary, [], { runs, recent });
  assert.deepEqual(
    choices.map(({ text }) => text),
    ['other: Step 40, best', 'apart/checkpoints/best.flow.safetensors', 'theirs/maf.pt'],
  );
});
