import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelRules } from '../../../../src/graph/kernels/rules';
import { sliceScatter, stridedSlice } from '../../../../src/graph/passes/slices';
import { weightNorm } from '../../../../src/graph/passes/weight-norms';
import { torchOperators } from '../../../../src/graph/torch/operators';

/** Kernels that only gradients and training steps have: PyTorch takes gradients itself. */
const leftToAutograd: ReadonlySet<string> = new Set([
  'BatchNormTrainingGrad',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'EluGrad',
  'FusedAdam',
  'ReluGrad',
  'UnsortedSegmentSum',
]);

test('every kernel that can be traced is printed as PyTorch, or is one of gradients and training', () => {
  const missing = Object.keys(kernelRules).filter(
    (name) => !(name in torchOperators) && !leftToAutograd.has(name) && name !== 'Identity',
  );
  assert.deepEqual(missing, []);
  // Beside those that a pass of the printer makes.
  assert.deepEqual(
    Object.keys(torchOperators).filter((name) => !(name in kernelRules)),
    [sliceScatter, stridedSlice, weightNorm],
  );
});
