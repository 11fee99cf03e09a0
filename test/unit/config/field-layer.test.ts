import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import { parseStoredConfig } from '../../../src/config/parse';

const parse = (dim: number, field: object) =>
  parseStoredConfig({ model: { kind: 'vector', dim, layers: [{ kind: 'field', ...field }] } }, 'x');

test('a vector field alone is a flow, also of one feature', () => {
  const { model } = parse(1, {});
  assert.ok(model.kind === 'vector');
  const [layer] = model.layers!;
  assert.ok(layer?.kind === 'field');
  assert.deepEqual([layer.slices, layer.steps, layer.solver, layer.data, layer.noise], [10, 4, 'rk4', 0, 1]);
});

test('fields that cannot be solved are refused, with what would do', () => {
  const refused = (dim: number, field: object, says: RegExp) =>
    assert.throws(
      () => parse(dim, field),
      (error) => error instanceof UserError && says.test(error.message),
    );
  refused(65, {}, /at most 64 features .* got 65/);
  refused(2, { data: 1, noise: 1 }, /another time than that of the data, got 1/);
  refused(2, { steps: 100 }, /at most 2000 runs .* got 4000; take fewer steps or slices/);
});
