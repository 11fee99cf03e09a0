/** What each tensor of the files in test/fixtures/wild was taken for. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { transformOfModel } from '../../../../src/config/model-parts';
import { saysOf } from '../../../../src/checkpoint/recognize/tensor-words';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import type { ImportAnswers } from '../../../../src/protocol/import';
import { explainFile } from '../opened';

const folder = path.resolve('test', 'fixtures', 'wild');

async function explained(name: string) {
  const text = readFileSync(path.join(folder, name, 'case.json'), 'utf8');
  const { checkpoint, answers } = JSON.parse(text) as { checkpoint: string; answers: ImportAnswers };
  const file = path.join(folder, name, checkpoint);
  const taken = await explainFile(file, { answers: () => answers });
  assert.ok('tensors' in taken, 'reason' in taken ? taken.reason : '');
  const has = (ours: string): boolean => ours in taken.flow.tensors;
  const says = new Map(
    taken.tensors.map((one) => [one.name, saysOf(one, transformOfModel(taken.flow.model).kind, has)]),
  );
  return { file, ...taken, says };
}

describe('what tensors were taken for', () => {
  for (const name of readdirSync(folder)) {
    it(`${name}: each tensor once, and all of the flow from some`, async () => {
      const { file, flow, tensors, says } = await explained(name);
      const opened = await openTensorFile(file);
      const all = [...opened.tensors.keys(), ...(opened.rest ?? []).map((rest) => rest.name)];
      await opened.close();
      assert.deepEqual(
        tensors.map((one) => one.name),
        all,
      );
      assert.equal(says.size, all.length, 'no name twice');
      for (const [tensor, words] of says) assert.ok(words !== '' && words !== 'a parameter', tensor);
      for (const { name: theirs, use, becomes } of tensors) {
        assert.equal(becomes.length > 0, use === 'parameter', theirs);
        for (const ours of becomes) assert.ok(ours in flow.tensors, `${theirs} becomes ${ours}`);
      }
      const made = new Set(tensors.flatMap(({ becomes }) => becomes));
      const networks = Object.keys(flow.tensors).filter((ours) => /\.(weight|v)$/.test(ours));
      // The network of splines that depend on nothing has weights of zero, which no tensor is.
      const constant = (ours: string): boolean => flow.tensors[ours]!.data.every((value) => value === 0);
      assert.deepEqual(
        networks.filter((ours) => !made.has(ours) && !constant(ours)),
        [],
      );
    });
  }

  it('says part, layer and reason', async () => {
    const posterior = (await explained('sbi-zuko-nsf-posterior-2d')).says;
    assert.equal(posterior.get('potential_fn.prior.low'), 'not of the flow, left out');
    assert.equal(
      posterior.get('net.transform.transforms.1.hyper.6.bias'),
      'bias of the conditioner, last layer, which gives the widths, heights and slopes of splines',
    );
    assert.match(
      posterior.get('net.transform.transforms.2.order')!,
      /how it is built: order of the features/,
    );
    const keras = (await explained('bayesflow-affine-3d')).says;
    assert.ok([...keras.values()].includes('optimizer, left out'));
    const { tensors } = await explained('normflows-nsf-coupling-2d');
    const lower = tensors.find((one) => one.name === 'flows.1.linear.lower_entries');
    assert.deepEqual(lower?.becomes, [`${lower?.layer}.lower`]);
  });
});
