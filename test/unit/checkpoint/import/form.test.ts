import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { saveCheckpoint } from '../../../../src/checkpoint/checkpoint';
import {
  answerImport,
  importForm,
  nameData,
  loadAnyCheckpoint,
} from '../../../../src/checkpoint/recognize/load';
import { sidecarPath } from '../../../../src/checkpoint/sidecar';
import { UserError } from '../../../../src/base/user-error';
import { fixture } from './files';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flowscope-form-'));
  file = path.join(folder, 'best.pth.tar');
  await copyFile(fixture('chrischute-rgb'), file);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const says =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof UserError && pattern.test(error.message);

const written = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(sidecarPath(file), 'utf8')) as Record<string, unknown>;

describe('the form of a file', () => {
  it('has the defaults until somebody answers, and then the answers', async () => {
    const before = await importForm(file);
    assert.ok(before);
    assert.equal(before.answered, false);
    assert.equal(before.sidecar, `${file}.flowscope.json`);
    assert.deepEqual(before.answers, { height: 32, width: 32, levels: 256 });

    await answerImport(file, { height: 8, width: 8 });
    assert.deepEqual(await written(), {
      library: 'chrischute',
      answers: { height: 8, width: 8, levels: 256 },
    });
    const after = await importForm(file);
    assert.equal(after?.answered, true);
    assert.deepEqual(after.answers, { height: 8, width: 8, levels: 256 });

    const { config, origin } = await loadAnyCheckpoint(file);
    assert.ok(config.model.kind === 'image');
    assert.deepEqual([config.model.height, config.model.width, config.model.dataRange], [8, 8, 0.9]);
    assert.deepEqual(origin, {
      library: 'chrischute',
      title: before.title,
      fileName: 'best.pth.tar',
      assumptions: ['Height of the images: 8', 'Width of the images: 8', 'Levels of a pixel: 256'],
    });
  });

  it('takes answers written by hand without the name of the library, and with sizes that the file shows', async () => {
    await writeFile(sidecarPath(file), JSON.stringify({ answers: { width: 16, numBlocks: 3 } }));
    assert.equal((await importForm(file))?.answered, true);
    const { config } = await loadAnyCheckpoint(file);
    assert.ok(config.model.kind === 'image');
    assert.equal(config.model.width, 16);
  });

  it('tells defaults from answers', async () => {
    const { origin } = await loadAnyCheckpoint(file, { answers: () => ({ width: 16 }) });
    assert.deepEqual(origin?.assumptions, [
      'Height of the images: 32 (default)',
      'Width of the images: 16',
      'Levels of a pixel: 256 (default)',
    ]);
    // Nothing speaks for a size, until somebody says it.
    assert.deepEqual(origin.guesses, ['Height of the images: 32']);
  });

  it('names data beside the answers, and for no checkpoint of our own', async () => {
    await answerImport(file, { height: 8, width: 8 });
    assert.equal(await nameData(file, 'photos'), sidecarPath(file));
    assert.equal((await importForm(file))?.answers['height'], 8);
    assert.equal((await loadAnyCheckpoint(file)).config.data?.source, 'photos');
    const own = path.join(folder, 'ours.flow.safetensors');
    await saveCheckpoint(own, await loadAnyCheckpoint(file));
    await assert.rejects(nameData(own, 'photos'), /data are added to checkpoints of other libraries only/);
  });

  it('is not there for our own checkpoints', async () => {
    const own = path.join(folder, 'own.flow.safetensors');
    await saveCheckpoint(own, await loadAnyCheckpoint(file));
    assert.equal(await importForm(own), undefined);
    const again = await loadAnyCheckpoint(own);
    assert.equal(again.origin?.fileName, 'best.pth.tar');
    assert.deepEqual(again.tensors, (await loadAnyCheckpoint(file)).tensors);
  });
});

describe('answers', () => {
  it('that do not fit are refused, and nothing is written', async () => {
    await assert.rejects(
      answerImport(file, { height: 7 }),
      says(/height: expected a multiple of 2, .*got 7/),
    );
    await assert.rejects(answerImport(file, { height: 7.5 }), says(/height: expected an integer ≥ 2/));
    await assert.rejects(
      answerImport(file, { height: 'tall' }),
      says(/height: expected an integer .*"tall"/),
    );
    await assert.rejects(
      answerImport(file, { hight: 8 }),
      says(/"hight" is not asked .*did you mean "height"/),
    );
    await assert.rejects(stat(sidecarPath(file)));
  });

  it('leave what else is in the file as it is', async () => {
    const data = { source: 'photos', validation: 0.1 };
    await writeFile(sidecarPath(file), JSON.stringify({ library: 'chrischute', answers: {}, data }));
    await answerImport(file, { height: 8, width: 8 });
    assert.deepEqual((await written())['data'], data);
    const { config } = await loadAnyCheckpoint(file);
    assert.equal(config.data?.source, 'photos');
    assert.equal(config.data.validation, 0.1);
  });

  it('written by hand with a slip are an error that names it, and stay', async () => {
    const slips: [content: string, message: RegExp][] = [
      ['{"library": "chrischute", "answers": {"height": 8}', /flowscope\.json/],
      ['{"library": "chrischute", "answer": {}}', /answer/],
      ['{"library": "chrischute", "answers": {"height": true}}', /answers\.height/],
      ['{"library": "chrischute", "answers": {"height": 0}}', /height: expected an integer ≥ 2/],
      ['{"library": "nflows", "answers": {}}', /for a file of "nflows", and this one is of "chrischute"/],
      ['{"library": "chrischute", "data": {"sauce": "photos"}}', /data\.sauce: .*"source"/],
    ];
    for (const [content, message] of slips) {
      await writeFile(sidecarPath(file), content);
      await assert.rejects(loadAnyCheckpoint(file), says(message), content);
      assert.equal(await readFile(sidecarPath(file), 'utf8'), content);
    }
    await writeFile(sidecarPath(file), slips[1]![0]);
    await assert.rejects(answerImport(file, { height: 8, width: 8 }), says(/answer/));
    assert.equal(await readFile(sidecarPath(file), 'utf8'), slips[1]![0]);
  });
});
