/** Flows have the name that the literature has for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRunConfig } from '../../../../src/config/build';
import { architectureName } from '../../../../src/engine/model/architecture';
import { buildFlow } from '../../../../src/flow/flow';

const names = {
  realnvp: 'RealNVP',
  nice: 'NICE',
  nsf: 'Neural spline flow',
  maf: 'Masked autoregressive flow',
  iaf: 'Inverse autoregressive flow',
  'nsf-autoregressive': 'Autoregressive neural spline flow',
};

for (const [preset, name] of Object.entries(names))
  test(`${preset} is called ${name}`, () => {
    const data = { kind: 'vector' as const, name: 'a.csv', shape: [3], provenance: { source: 'a.csv' } };
    const { model } = buildRunConfig({ data: 'a.csv', preset }, data);
    assert.equal(architectureName(model, buildFlow(model)), name);
  });

test('an inverse autoregressive flow samples in one pass of its networks', () => {
  const data = { kind: 'vector' as const, name: 'a.csv', shape: [3], provenance: { source: 'a.csv' } };
  const passes = (preset: string) =>
    buildFlow(buildRunConfig({ data: 'a.csv', preset }, data).model).layers.map(
      ({ bijection }) => bijection?.networkPasses,
    );
  assert.deepEqual(
    [...new Set(passes('iaf').map((one) => JSON.stringify(one)))],
    ['{"forward":3,"inverse":1}'],
  );
  assert.deepEqual(
    [...new Set(passes('maf').map((one) => JSON.stringify(one)))],
    ['{"forward":1,"inverse":3}'],
  );
});
