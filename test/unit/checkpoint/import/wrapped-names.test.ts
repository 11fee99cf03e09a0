/** What wrappers of models put before names, copies of weights, and hyper-parameters next to them. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import {
  answerImport,
  chooseFlow,
  importForm,
  loadAnyCheckpoint,
} from '../../../../src/checkpoint/recognize/load';
import { recognize } from '../../../../src/checkpoint/recognize/recognize';
import { unwrapped } from '../../../../src/checkpoint/import/wrapped-names';
import type { TensorFile } from '../../../../src/checkpoint/import/types';
import { openTensorFile } from '../../../../src/checkpoint/tensor-file';
import type { NdArray } from '../../../../src/protocol/tensors';
import { temporaryFolder } from '../../support/temporary';
import { wild, writeChanged } from './files';
import { processorTime } from '../../support/processor-time';
import { explainFile, importCheckpoint } from '../opened';

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
      [(name: string) => [`module._orig_mod.${name}`], 'module._orig_mod.'],
      [
        (name: string) => [`_fsdp_wrapped_module.${name.replace('.hyper.', '.hyper._fsdp_wrapped_module.')}`],
        '_fsdp_wrapped_module.',
      ],
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
      const [trained, average] = question.answer.options.map(({ value }) => value);
      const read = (weights: string) => loadAnyCheckpoint(file, { answers: () => ({ weights }) });
      assert.deepEqual((await read(trained!)).tensors, plain.tensors);
      const averaged = await read(average!);
      assert.deepEqual(
        averaged.tensors[weight]!.data,
        plain.tensors[weight]!.data.map((x) => x / 2),
      );
      // The average is the default, and it is said.
      const unasked = await loadAnyCheckpoint(file);
      assert.deepEqual(unasked.tensors, averaged.tensors);
      assert.ok(unasked.origin?.assumptions.includes(`Weights: ${average} (default)`));
    }
  });

  it('takes what is no copy for what it is', async () => {
    const file = await changed((name) => [name, `ema.other.${name}`]);
    const opened = await openTensorFile(file);
    assert.ok(!recognize(opened)?.questions.some(({ key }) => key === 'weights'));
    await opened.close();
  });
});

describe('several flows', () => {
  const two = (name: string): string[] => [`prior_flow.${name}`, `posterior_flow.${name}`];
  const flowIs = (flow: string) => ({ answers: () => ({ flow }) });

  it('are refused with their names, and read by these', async () => {
    const plain = await loadAnyCheckpoint(original);
    const file = await changed(two);
    const imported = await importCheckpoint(file);
    assert.ok('reason' in imported);
    assert.match(
      imported.reason,
      /It holds 2 flows: posterior_flow, prior_flow\. .*"flow": "posterior_flow"/,
    );
    assert.deepEqual((await loadAnyCheckpoint(file, flowIs('prior_flow'))).tensors, plain.tensors);
    const other = await loadAnyCheckpoint(file, flowIs('posterior_flow'));
    assert.notDeepEqual(other.tensors, plain.tensors);
    assert.ok(
      other.origin?.assumptions.some((line) =>
        line.startsWith('This file also holds prior_flow.* (32 tensors)'),
      ),
      other.origin?.assumptions.join(),
    );
    await assert.rejects(
      loadAnyCheckpoint(file, flowIs('third')),
      /flow: expected one of posterior_flow, prior_flow/,
    );
    assert.match(imported.reason, /--flow posterior_flow/);
    await chooseFlow(file, 'posterior_flow');
    assert.deepEqual((await loadAnyCheckpoint(file)).tensors, other.tensors);
    await assert.rejects(chooseFlow(file, 'third'), /flow: expected one of posterior_flow, prior_flow/);
    await assert.rejects(chooseFlow(original, 'third'), /does not hold several flows.*Leave it out/);
    const form = await importForm(file);
    assert.equal(form?.questions[0]?.key, 'flow');
    await answerImport(file, { flow: 'prior_flow' });
    assert.deepEqual((await loadAnyCheckpoint(file)).tensors, plain.tensors);
    const taken = await explainFile(file);
    assert.ok('tensors' in taken);
    for (const { name, use } of taken.tensors)
      assert.equal(use === 'left-out', name.startsWith('posterior_flow.'), `${name}: ${use}`);
  });

  it('of which one is the average of the other are not refused', async () => {
    const file = await changed((name) => [`net.${name}`, `swa_net.module.${name}`]);
    const { tensors, origin } = await loadAnyCheckpoint(file);
    assert.notDeepEqual(tensors, (await loadAnyCheckpoint(original)).tensors);
    assert.ok(origin?.assumptions.some((line) => /^Flow: swa_net .*\(default\)$/.test(line)));
  });
});

describe('tensors that no part of a flow explains', () => {
  const withMore = async (prefix: string, names: readonly string[]): Promise<string> => {
    const file = path.join(folder, `${count++}.safetensors`);
    await writeChanged({ path: original }, file, (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        tensors.set(prefix + name, tensor);
      }
      for (const name of names) tensors.set(name, { shape: [2], data: Float32Array.of(1, 2) });
    });
    return file;
  };

  it('are said outside of it', async () => {
    const file = await withMore('flow.', ['x_mean', 'encoder.0.weight', 'encoder.0.bias']);
    const { tensors, origin } = await loadAnyCheckpoint(file);
    assert.deepEqual(tensors, (await loadAnyCheckpoint(original)).tensors);
    const note = origin?.assumptions.find((line) => line.startsWith('This file also holds'));
    for (const part of ['encoder.* (2 tensors)', 'x_mean', 'not part of the flow'])
      assert.ok(note?.includes(part), note);
  });

  it('are refused inside of it', async () => {
    for (const [prefix, names] of [
      ['', ['x_mean']],
      ['flow.', ['flow.x_mean', 'encoder.weight']],
    ] as const) {
      const imported = await importCheckpoint(await withMore(prefix, names));
      assert.ok('reason' in imported);
      assert.match(imported.reason, /a meaning for (flow\.)?x_mean, which may change the density/);
    }
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
