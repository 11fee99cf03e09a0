/** One opening of a model opens its file once, reads its header once and recognizes its library once. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createService } from '../../src/engine/service';
import { describeModel } from '../../src/engine/open/describe-model';
import { digitsModel, smallModel, type SmallModel } from './inspect/model';

let digits: SmallModel;
before(async () => {
  digits = await smallModel(digitsModel, 'digits');
});
after(() => digits.dispose());

const foreign = path.resolve('test', 'fixtures', 'peers', 'nflows-2d', 'state_dict.pt');

interface Counted {
  /** How often the file was opened. */
  opens: number;
  /** How often its header, and the config in it, were parsed. */
  headers: number;
  configs: number;
}

/** Counts what `work` does with a file, by the calls that the file system and the parser of JSON get. */
async function counted(file: string, work: () => Promise<unknown>): Promise<Counted> {
  const counts: Counted = { opens: 0, headers: 0, configs: 0 };
  const { open, readFile } = fs;
  const { parse } = JSON;
  const counting = <T extends (...args: never[]) => unknown>(call: T): T =>
    ((...args: never[]) => {
      if (path.resolve(String(args[0])) === file) counts.opens++;
      return call(...args);
    }) as T;
  Object.assign(fs, { open: counting(open), readFile: counting(readFile) });
  syncBuiltinESMExports();
  JSON.parse = (...args: Parameters<typeof parse>): unknown => {
    const text = args[0];
    if (text.startsWith('{"__metadata__"')) counts.headers++;
    else if (text.startsWith('{"data"') || text.startsWith('{"model"')) counts.configs++;
    return parse(...args);
  };
  try {
    await work();
  } finally {
    JSON.parse = parse;
    Object.assign(fs, { open, readFile });
    syncBuiltinESMExports();
  }
  return counts;
}

const once: Counted = { opens: 1, headers: 1, configs: 1 };
/** A zip file of PyTorch, which has none of our headers. */
const opened: Counted = { opens: 1, headers: 0, configs: 0 };

test('what `info` says of a file comes from one opening', async () => {
  assert.deepEqual(await counted(digits.file, () => describeModel(digits.file)), once);
  assert.deepEqual(await counted(foreign, () => describeModel(foreign)), opened);
});

test('an editor opens a file once, for its outline and its model', async () => {
  const outlines: string[] = [];
  const service = createService({
    backend: 'onnxruntime',
    threads: 1,
    events: { outlined: (file) => outlines.push(file) },
  });
  assert.deepEqual(await counted(digits.file, () => service.open(digits.file)), once);
  assert.deepEqual(outlines, [digits.file]);
  assert.deepEqual(await counted(foreign, () => service.open(foreign)), opened);
  await service.shutDown();
});
