import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { prepareRun } from '../../../src/data/open/prepare';
import { configOf, withSteps } from '../../../src/extension/preview/chosen-config';
import type { TrainingChoice } from '../../../src/protocol/preview-page';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const rows = Array.from(
  { length: 60 },
  (_, i) => `${i},${i * i},${i % 7 === 0 ? '' : i % 5},${'ab'[i % 2]},2020-01-01`,
);

test('a config that is saved trains what the page would have trained', async () => {
  const source = put(folder, 'rows.csv', `a,b,c,kind,day\n${rows.join('\n')}\n`);
  const choices: TrainingChoice[] = [
    {
      preset: 'tabular',
      steps: 70,
      context: { labelColumn: 'kind' },
      reading: { exclude: ['day'], missing: 'drop' },
    },
    {
      preset: 'maf',
      context: { columns: ['a'], labels: true, labelColumn: 'kind' },
      reading: { columns: ['b', 'c'], missing: 'mean' },
    },
  ];
  for (const choice of choices) {
    const config = configOf(source, choice, path.join(folder, 'configs'));
    assert.equal((config as { data: { source: string } }).data.source, '../rows.csv');
    const saved = await prepareRun({ config, fileName: 'c.flow.json' }, path.join(folder, 'configs'));
    const direct = await prepareRun({ data: source, ...withSteps(choice) }, folder);
    try {
      assert.deepEqual(saved.config.model, direct.config.model);
      assert.deepEqual(saved.config.training, direct.config.training);
      assert.equal(saved.dataset.train.count, direct.dataset.train.count);
      assert.deepEqual(saved.dataset.featureNames, direct.dataset.featureNames);
      assert.deepEqual(saved.dataset.labelNames, direct.dataset.labelNames);
    } finally {
      await saved.dataset.close();
      await direct.dataset.close();
    }
  }
});

test('built-in data keep their name', () => {
  assert.deepEqual(configOf('moons', { preset: 'moons' }, folder), {
    preset: 'moons',
    data: { source: 'moons' },
  });
});
