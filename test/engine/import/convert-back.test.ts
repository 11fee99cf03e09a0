/** Files of other libraries that became flows of ours and go back: the same tensors, bit by bit and type by type. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { exportStateDict, saveStateDict } from '../../../src/checkpoint/export-to/export-state-dict';
import { entries, type Library } from '../../../src/checkpoint/libraries';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { parseStoredConfig } from '../../../src/config/parse';
import { chainOf } from '../../../src/engine/model/vector-chain';
import { temporaryFolder } from '../../unit/support/temporary';
import { maxAbsDifference } from '../../contract/eager';
import { answersOf, importFile, peersFolder } from './support';

/** As the converted file has it: without the prefix of DataParallel, and without dropout, which only training needs. */
function nameHere(name: string): string {
  return name.replace(/^module\./, '').replace(/(param_map\.net)\.3\./, '$1.2.');
}

/**
 * How many batches norms have seen says nothing of the flow. A weight-normalized single number is its length times the
 * sign of the other tensor, of which only the sign is kept.
 */
const mayDiffer = /num_batches_tracked$|rescale\.weight_[gv]$/;

async function assertSameTensors(ours: string, theirs: string, rounded = mayDiffer): Promise<number> {
  const [a, b] = [await openTensorFile(ours), await openTensorFile(theirs)];
  try {
    const names = [...b.tensors.keys()];
    assert.deepEqual([...a.tensors.keys()].sort(), names.map(nameHere).sort());
    for (const name of names) {
      const [mine, reference] = [a.tensors.get(nameHere(name))!, b.tensors.get(name)!];
      assert.equal(mine.dtype, reference.dtype, name);
      assert.deepEqual(mine.shape, reference.shape, name);
      if (rounded.test(name)) continue;
      const [x, y] = [(await a.read(nameHere(name))).data, (await b.read(name)).data];
      assert.ok(Buffer.from(x.buffer).equals(Buffer.from(y.buffer)), name);
    }
    return names.length;
  } finally {
    await a.close();
    await b.close();
  }
}

const cases: [library: Library, name: string][] = [
  ['nflows', 'nflows-2d'],
  ['nflows', 'nflows-6d'],
  ['nflows', 'nflows-norms'],
  ['nflows', 'nflows-permuted'],
  ['nflows', 'nflows-additive'],
  ['normflows', 'normflows-2d'],
  ['normflows', 'normflows-blocks'],
  ['normflows', 'normflows-shuffled'],
  ['normflows', 'normflows-checkerboard'],
  ['normflows', 'normflows-masked'],
  ['normflows', 'normflows-additive'],
  ['zuko', 'zuko-2d'],
  ['zuko', 'zuko-random'],
  ['chrischute', 'chrischute-rgb'],
  ['chrischute', 'chrischute-gray3'],
];

describe('files of other libraries, to flows of ours and back', () => {
  const written = temporaryFolder();

  it('rosinality-glow-8 is the same file, but for the rounding of its scales', async () => {
    const file = path.resolve('test', 'fixtures', 'wild', 'rosinality-glow-8', 'model.pt');
    const answers = { height: 8, width: 8 };
    const flow = await importFile(entries.rosinality.importer, file, answers);
    const config = parseStoredConfig({ model: flow.model }, file);
    const dict = exportStateDict({ config, tensors: flow.tensors }, 'rosinality', []);
    const output = path.join(written, 'rosinality.safetensors');
    await saveStateDict(output, 'rosinality', dict, undefined);
    const rounded = /actnorm\.scale$/;
    assert.equal(await assertSameTensors(output, file, rounded), 78);
    const again = await importFile(entries.rosinality.importer, output, answers);
    assert.deepEqual(again.model, flow.model);
    for (const [name, { data }] of Object.entries(flow.tensors)) {
      assert.ok(maxAbsDifference(again.tensors[name]!.data, data) < 1e-6, name);
    }
  });

  for (const [library, name] of cases) {
    it(`${name} is the same file`, async (test) => {
      const folder = path.join(peersFolder, name);
      const file = path.join(folder, library === 'chrischute' ? 'state_dict.pt' : 'state_dict.safetensors');
      const flow = await importFile(entries[library].importer, file, await answersOf(folder));
      const config = parseStoredConfig({ model: flow.model }, file);
      const dict = exportStateDict({ config, tensors: flow.tensors }, library, chainOf(config.model));
      const output = path.join(written, `${name}.safetensors`);
      await saveStateDict(output, library, dict, undefined);
      const count = await assertSameTensors(output, file);
      const again = await importFile(entries[library].importer, output, await answersOf(folder));
      assert.deepEqual(again.model, flow.model);
      assert.deepEqual(Object.keys(again.tensors).sort(), Object.keys(flow.tensors).sort());
      for (const [name, { shape, data }] of Object.entries(flow.tensors)) {
        assert.deepEqual(again.tensors[name]!.shape, shape, name);
        assert.ok(Buffer.from(again.tensors[name]!.data.buffer).equals(Buffer.from(data.buffer)), name);
      }
      test.diagnostic(`${count} tensors`);
    });
  }
});
