/** A short run of the fuzzer (npm run fuzz), and what it found before. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { script } from '../unit/support/script';
import { patience } from '../inspector/until';

interface Outcome {
  index?: number;
  problem?: string;
}
interface Format {
  name: string;
  file: string;
}
interface Fuzzer {
  ask(order: object, onCase?: (message: { refused: boolean }) => void): Promise<Outcome>;
  formats(): Promise<Format[]>;
  close(): Promise<void>;
}
interface Scripts {
  bundleFuzz(): Promise<string>;
  createFuzzer(script: string, options: { pace: number }): Fuzzer;
}

let fuzzer: Fuzzer;
let formats: Format[];
before(async () => {
  const { bundleFuzz, createFuzzer } = await script<Scripts>('fuzz.mjs');
  fuzzer = createFuzzer(await bundleFuzz(), { pace: patience(1) });
  formats = await fuzzer.formats();
});
after(() => fuzzer.close());

/** Which seeds are refused as they are: files that were made to be. */
const refusedSeeds: Readonly<Record<string, number>> = { torch: 3, pickle: 1, sidecar: 3, npz: 3 };
const slow = new Set(['keras', 'hdf5', 'onnx', 'torch']);

test('the files that cases are made of open', async () => {
  for (const { name } of formats.filter((format) => !slow.has(format.name))) {
    let refused = 0;
    const outcome = await fuzzer.ask(
      { format: name, asIs: true },
      (message) => (refused += Number(message.refused)),
    );
    assert.deepEqual(outcome, { done: true }, name);
    assert.equal(refused, refusedSeeds[name] ?? 0, name);
  }
});

test('damaged files of every format open or are refused in words', async () => {
  for (const { name } of formats) {
    const outcome = await fuzzer.ask({ format: name, seed: 19, from: 0, to: slow.has(name) ? 3 : 12 });
    assert.deepEqual(outcome, { done: true }, `${name}, case ${outcome.index} of seed 19`);
  }
});

const found = path.resolve('test', 'fixtures', 'fuzz');
for (const format of existsSync(found) ? readdirSync(found) : []) {
  test(`what was found of ${format}`, async () => {
    for (const name of readdirSync(path.join(found, format))) {
      const outcome = await fuzzer.ask({ format, file: path.join(found, format, name) });
      assert.deepEqual(outcome, { done: true }, name);
    }
  });
}
