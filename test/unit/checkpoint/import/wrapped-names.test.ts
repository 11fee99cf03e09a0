/** What wrappers of models put before names, copies of weights, and hyper-parameters next to them. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { loadAnyCheckpoint } from '../../../../src/checkpoint/import/load';
import { recognize } from '../../../../src/checkpoint/import/recognize';
import { unwrapped } from '../../../../src/checkpoint/import/wrapped-names';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import type { NdArray } from '../../../../src/protocol/tensors';
import { temporaryFolder } from '../../support/temporary';
import { wild, writeChanged } from './files';
import { processorTime } from '../../support/processor-time';

const folder = temporaryFolder();
const original = wild('zuko-nsf-2d', 'flow.pt');
let count = 0;

/** A copy of zuko's flow with other names, or more of them. */
async function changed(change: (name: string) => string[]): Promise<string> {
  const file = path.join(folder, `${count++}.safetensors`);
  await writeChanged({ path: original }, file, (tensors) => {
    for (const [name, tensor] of [...tensors]) {
      tensors.delete(name);
      for (const [i, other] of change(name).entries())
        tensors.set(other, i > 0 && /weight|bias/.test(name) ? halved(tensor) : tensor);
    }
  });
  return file;
}

const halved = ({ shape, data }: NdArray): NdArray => ({ shape: [...shape], data: data.map((x) => x / 2) });

const weight = 'autoregressive.0.net.0.weight';

describe('names in wrappers', () => {
  it('leaves out prefixes of all names, and says it', async () => {
    const plain = await loadAnyCheckpoint(original);
    for (const [change, prefix] of [
      [(name: string) => [`module.${name}`], 'module.'],
      [(name: string) => [`model.flow.${name}`], 'model.flow.'],
      [(name: string) => [`_orig_mod.${name}`], '_orig_mod.'],
      [(name: string) => [name.replace('.hyper.', '.hyper._orig_mod.')], '_orig_mod.'],
    ] as const) {
      const { tensors, origin } = await loadAnyCheckpoint(await changed((name) => [...change(name)]));
      assert.deepEqual(tensors, plain.tensors);
      assert.ok(
        origin?.assumptions.includes(`Prefix of all names, left out: ${prefix}`),
        origin?.assumptions.join(),
      );
    }
    assert.ok(!plain.origin?.assumptions.some((line) => line.startsWith('Prefix')));
  });

  it('ends with names that are nothing but prefixes', () => {
    const name = 'module.'.repeat(100_000);
    const file: TensorFile = {
      ...{ file: 'x', container: 'safetensors', bytes: 0, extras: {} },
      tensors: new Map([
        [`${name}a`, { dtype: 'F32', shape: [1] }],
        [`${name}b`, { dtype: 'F32', shape: [1] }],
      ]),
      read: () => Promise.reject(new Error('not read')),
      close: () => Promise.resolve(),
    };
    const begin = processorTime();
    assert.equal(unwrapped(file).file.tensors.size, 2);
    assert.ok(processorTime() - begin < 1000);
  });
});

describe('copies of the weights', () => {
  it('asks which one is meant, and reads that', async () => {
    const plain = await loadAnyCheckpoint(original);
    for (const change of [
      (name: string) => [`model.${name}`, `ema_model.module.${name}`],
      (name: string) => [`model.${name}`, `model_ema.${name.replaceAll('.', '')}`],
      (name: string) => [name, `ema.${name}`],
    ]) {
      const file = await changed(change);
      const opened = await openTensorFile(file);
      const [question] = recognize(opened)!.questions;
      await opened.close();
      assert.equal(question?.key, 'weights');
      assert.ok(question.answer.kind === 'choice');
      const average = question.answer.options[1]!.value;
      assert.deepEqual((await loadAnyCheckpoint(file)).tensors, plain.tensors);
      const averaged = await loadAnyCheckpoint(file, { answers: () => ({ weights: average }) });
      assert.deepEqual(
        averaged.tensors[weight]!.data,
        plain.tensors[weight]!.data.map((x) => x / 2),
      );
    }
  });

  it('takes what is no copy for what it is', async () => {
    const file = await changed((name) => [name, `ema.other.${name}`]);
    const opened = await openTensorFile(file);
    assert.ok(!recognize(opened)?.questions.some(({ key }) => key === 'weights'));
    await opened.close();
  });
});

describe('hyper-parameters next to the tensors', () => {
  const univariate = 'MonotonicRQSTransform';
  const withExtras = async (extras: TensorFile['extras']) => {
    const opened = await openTensorFile(original);
    const questions = recognize({ ...opened, extras })!.questions;
    await opened.close();
    return Object.fromEntries(questions.map(({ key, answer }) => [key, answer.default]));
  };

  it('are the defaults of what is asked under the same name', async () => {
    assert.deepEqual(await withExtras({}), { activation: 'relu', univariate, bound: 5, slope: 1e-3 });
    assert.deepEqual(
      await withExtras({ 'hyper_parameters.flow.bound': 3, 'hyper_parameters.activation': 'ELU', epoch: 4 }),
      { activation: 'elu', univariate, bound: 3, slope: 1e-3 },
    );
    // Not possible, or not an argument.
    assert.deepEqual(
      await withExtras({
        'hyper_parameters.bound': -3,
        'hyper_parameters.activation': 'softsign',
        slope: 0.5,
      }),
      { activation: 'relu', univariate, bound: 5, slope: 1e-3 },
    );
  });
});
