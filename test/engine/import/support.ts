/** Recorded numbers of other libraries beside the flows that we make of their files. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isRecognized, type ImportedFlow, type Recognizer } from '../../../src/checkpoint/import/types';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import { readNpz } from '../../unit/support/npz';
import { initialTensors } from '../../../src/engine/training/initialize';
import { standardLogProb } from '../../../src/engine/model/running-base';
import { buildFlow } from '../../../src/flow/flow';
import type { ImportAnswers } from '../../../src/protocol/import';
import { contextOf, maxAbsDifference, onCpu, perExample, toTensors } from '../../contract/eager';

export const peersFolder = path.resolve('test', 'fixtures', 'peers');

/** The defaults of all questions, but for those that are answered. */
export function completeAnswers(
  questions: readonly { key: string; answer: { default: string | number } }[],
  answers: ImportAnswers = {},
): ImportAnswers {
  return { ...Object.fromEntries(questions.map(({ key, answer }) => [key, answer.default])), ...answers };
}

/** What the file does not hold and is not the library's default. */
export async function answersOf(folder: string): Promise<ImportAnswers> {
  const text = await readFile(path.join(folder, 'case.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { answers?: ImportAnswers }).answers ?? {};
}

/** @param answers beside the defaults */
export async function importFile(
  recognizer: Recognizer,
  file: string,
  answers: ImportAnswers = {},
): Promise<ImportedFlow & { title: string; questions: string[] }> {
  const opened = await openTensorFile(file);
  try {
    const recognized = recognizer.read(opened);
    if (!isRecognized(recognized))
      assert.fail(`${file} is not recognized; missing: ${recognized.missing.join('; ')}`);
    const flow = await recognized.convert(completeAnswers(recognized.questions, answers));
    return { ...flow, title: recognized.title, questions: recognized.questions.map(({ key }) => key) };
  } finally {
    await opened.close();
  }
}

export interface Errors {
  z: number;
  logDet: number;
  /** Over 1e-3 + 1e-5·|log-det|, which is to stay below 1; of the sum and of each layer. */
  logDetShare: number;
  layerShare: number;
  roundTrip: number;
}

/**
 * Largest differences from what the library computed for the same inputs. Tolerances: z 1e-4, log-det 1e-3 + 1e-5 of it
 * (also of each layer), which float32 sums in another order keep by far and no mistaken convention does.
 */
export async function compareWithLibrary(flow: ImportedFlow, io: string): Promise<Errors> {
  await onCpu();
  const archive = await readNpz(io);
  const array = (name: string) => {
    const { shape, data } = archive.array(name);
    return { shape: [...shape], data: Float32Array.from(data as ArrayLike<number>) };
  };
  const built = buildFlow(flow.model);
  const specs = initialTensors(built, 0);
  assert.deepEqual(Object.keys(flow.tensors).sort(), Object.keys(specs).sort(), 'all tensors, and no others');
  for (const [name, { shape }] of Object.entries(flow.tensors)) {
    assert.deepEqual(shape, specs[name]!.shape, `the shape of ${name}`);
  }
  assert.deepEqual(
    Object.keys(flow.layerNames),
    built.layers.map(({ name }) => name),
    'a name of theirs for each layer',
  );

  const x = array('x');
  const count = x.shape[0]!;
  const expected = { z: array('z'), logDet: array('logdet'), layers: array('logdet_layers') };
  const columns = expected.layers.shape[1]!;
  const context = contextOf(toTensors(flow.tensors), false);
  const { value, logDet } = built.forward(context, tf.tensor(x.data, x.shape));
  const back = built.inverse(context, value).value;
  // The recordings have a base that is not standard normal as a last layer, which makes z one.
  const { base } = built;
  const latents = base.scores(context, value);
  const standard = standardLogProb(latents.dataSync<'float32'>(), built.outputShape[0]!);
  const ofBase = perExample(base.logProb(context, value), count).map((prior, i) => prior - standard[i]!);
  const total = perExample(logDet, count).map((own, i) => own + ofBase[i]!);
  const allowed = (reference: number) => 1e-3 + 1e-5 * Math.abs(reference);
  const errors: Errors = {
    z: maxAbsDifference(latents.dataSync(), expected.z.data),
    logDet: maxAbsDifference(total, expected.logDet.data),
    logDetShare: Math.max(
      ...total.map((v, i) => Math.abs(v - expected.logDet.data[i]!) / allowed(expected.logDet.data[i]!)),
    ),
    layerShare: 0,
    roundTrip: maxAbsDifference(back.dataSync(), x.data),
  };
  // Permutations of theirs have no tensors and, like ours, no log-det: the layers that have one are compared in order.
  const own = built.layers.filter(({ kind }) => kind !== 'permute');
  let h: tf.Tensor = tf.tensor(x.data, x.shape);
  let column = 0;
  for (const layer of built.layers) {
    const step = layer.bijection!.forward(context, h);
    h = step.value;
    if (layer.kind === 'permute') continue;
    perExample(step.logDet, count).forEach((v, i) => {
      const reference = expected.layers.data[i * columns + column]!;
      errors.layerShare = Math.max(errors.layerShare, Math.abs(v - reference) / allowed(reference));
    });
    column++;
  }
  if (base.shape === 'normal') {
    ofBase.forEach((v, i) => {
      const reference = expected.layers.data[i * columns + column]!;
      errors.layerShare = Math.max(errors.layerShare, Math.abs(v - reference) / allowed(reference));
    });
    column++;
  }
  assert.equal(
    own.length + (base.shape === 'normal' ? 1 : 0),
    columns,
    'as many layers with a log-det as the library has',
  );
  return errors;
}

export function assertWithin(errors: Errors): void {
  assert.ok(errors.z <= 1e-4, `z is off by ${errors.z}`);
  assert.ok(errors.logDetShare <= 1, `the log-det is off by ${errors.logDet}`);
  assert.ok(
    errors.layerShare <= 1,
    `the log-det of a layer is off by ${errors.layerShare} of what is allowed`,
  );
  assert.ok(errors.roundTrip <= 1e-4, `x comes back off by ${errors.roundTrip}`);
}
