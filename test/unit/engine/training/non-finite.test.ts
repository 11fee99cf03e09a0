import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeNonFinite } from '../../../../src/engine/training/non-finite';
import type { Flow } from '../../../../src/flow/built-flow';

const names = ['couplings.0', 'couplings.1', 'couplings.2'];
const flow = { layers: names.map((name) => ({ name })) } as unknown as Flow;

/** Counts of a step in which all is finite, but for what is given. */
function counts(values: Record<string, number>) {
  const all: Record<string, number> = { loss: 1 };
  for (const name of names) Object.assign(all, { [`layer:${name}`]: 0, [`largest:${name}`]: 3 });
  return Object.fromEntries(
    Object.entries({ ...all, ...values }).map(([name, value]) => [
      name,
      { shape: [], data: Float32Array.of(value) },
    ]),
  );
}

test('the first layer that is not finite is named, with the scale that overflows', () => {
  const values = { 'layer:couplings.1': 4, 'layer:couplings.2': 9, 'scale:couplings.1': 412.3, loss: NaN };
  const { where, layer } = describeNonFinite(flow, counts(values));
  assert.equal(layer, 'couplings.1');
  assert.match(where, /in the output of layer couplings\.1; its log-scale reaches \|s\| = 412\.3/);
  assert.match(
    describeNonFinite(flow, counts({ ...values, 'scale:couplings.1': NaN })).where,
    /couplings\.1; its log-scale s is not finite itself/,
  );
});

test('where only squares overflow, the layer that first reaches such values is named', () => {
  const values = { 'largest:couplings.1': 2.5e21, 'largest:couplings.2': 3e30, loss: Infinity };
  assert.match(
    describeNonFinite(flow, counts(values)).where,
    /every layer is finite but the loss is not: the output of layer couplings\.1 reaches 2\.5e\+21/,
  );
  assert.match(describeNonFinite(flow, counts({ loss: Infinity })).where, /too large to square/);
});
