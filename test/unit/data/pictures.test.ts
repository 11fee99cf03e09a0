import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { prepareRun } from '../../../src/data/open/prepare';
import { openDataset } from '../../../src/data/open/open';
import { previewData } from '../../../src/data/open/preview';
import { firstNotes } from '../../../src/engine/training/train';
import { squares } from '../../../src/protocol/engine';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

/** Pictures with a bright square of a third of their height in the middle; each of the given [height, width]. */
async function pictures(name: string, sizes: readonly [number, number][]): Promise<string> {
  const to = path.join(folder, name);
  mkdirSync(to, { recursive: true });
  for (const [i, [height, width]] of sizes.entries()) {
    const pixels = Buffer.alloc(height * width * 3);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (Math.abs(y - height / 2) < height / 6 && Math.abs(x - width / 2) < height / 6)
          pixels.fill(255, 3 * (y * width + x), 3 * (y * width + x + 1));
    await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(
      path.join(to, `${String(i).padStart(3, '0')}.png`),
    );
  }
  return to;
}

const sizes = Array.from({ length: 12 }, (_, i): [number, number] => [60, i % 5 === 3 ? 90 : 80]);

test('pictures of different sizes become squares out of their middle, and the config says so', async () => {
  const photos = await pictures('photos', sizes);
  const seen = await previewData(photos, folder);
  assert.deepEqual([seen.shape, seen.scaledTo], [[32, 32, 3], 32]);
  assert.match(
    seen.note,
    /12 images in a folder; of different sizes, so the middle of each is scaled to 32×32/,
  );
  const { config, dataset } = await prepareRun({ data: photos }, folder);
  try {
    const { crop, size } = config.data;
    assert.deepEqual({ crop, size }, squares(32));
    const { train } = dataset;
    const values = await train.read([0, train.count - 1]);
    for (const image of [0, 1]) {
      const at = (y: number, x: number): number => values[image * 32 * 32 * 3 + 3 * (32 * y + x)]!;
      // A third of the height in the middle, whatever the width was.
      for (const [y, x] of [
        [16, 16],
        [13, 13],
        [18, 18],
      ] as const)
        assert.ok(at(y, x) > 240, `${y}, ${x}: ${at(y, x)}`);
      for (const [y, x] of [
        [16, 7],
        [16, 24],
        [7, 16],
        [24, 16],
      ] as const)
        assert.ok(at(y, x) < 15, `${y}, ${x}: ${at(y, x)}`);
    }
  } finally {
    await dataset.close();
  }
});

test('a size that is asked for wins, and pictures of one size stay as they are', async () => {
  const chosen = await previewData(path.join(folder, 'photos'), folder, { reading: squares(16) });
  assert.deepEqual([chosen.shape, chosen.scaledTo], [[16, 16, 3], 16]);
  assert.match(chosen.note, /; of different sizes, so the middle of each is scaled to 16×16/);
  const alike = await previewData(
    await pictures(
      'alike',
      sizes.map(() => [24, 20]),
    ),
    folder,
  );
  assert.deepEqual([alike.shape, alike.scaledTo], [[24, 20, 3], null]);
});

test('one picture that is larger than those whose headers were read is named, with what to do', async () => {
  const many = Array.from({ length: 130 }, (_, i): [number, number] => (i === 1 ? [20, 20] : [16, 16]));
  const { dataset } = await prepareRun({ data: await pictures('many', many) }, folder);
  try {
    const all = [dataset.train, dataset.validation].map((split) =>
      split.read(Array.from({ length: split.count }, (_, i) => i)),
    );
    await assert.rejects(Promise.all(all), /001\.png: is 20×20×3; expected 16×16×3 .*Choose a size/);
    await Promise.allSettled(all);
  } finally {
    await dataset.close();
  }
});

/** Of three of the pictures, each in another way. */
function damage(photos: string): void {
  truncateSync(path.join(photos, '002.png'), 120);
  writeFileSync(path.join(photos, '005.png'), '');
  writeFileSync(path.join(photos, '007.png'), 'no picture');
}
const damaged = ['002.png', '005.png', '007.png'];

test('damaged pictures are named and left out, by a preview and by a training', async () => {
  const photos = await pictures('some-damaged', sizes);
  damage(photos);
  const seen = await previewData(photos, folder);
  assert.equal(seen.train + seen.validation, 9);
  assert.equal(seen.looked, seen.train);
  const said = seen.warnings.filter((line) => /cannot be read/.test(line));
  assert.deepEqual(said, [
    '3 images cannot be read: "002.png", "005.png", "007.png". Training leaves out all such images.',
  ]);
  const { config, dataset } = await prepareRun({ data: photos }, folder);
  const { count } = dataset.train;
  assert.equal(count + dataset.validation.count, 9);
  const values = await dataset.train.read(Array.from({ length: count }, (_, i) => i));
  assert.equal(values.length, count * 32 * 32 * 3);
  assert.deepEqual(config.data.damaged, damaged);
  assert.ok(
    firstNotes(config, dataset).includes(
      'Left out 3 images that cannot be read: "002.png", "005.png", "007.png".',
    ),
  );
  await dataset.close();
  // A resumed run and the inspector read the same examples, and look for no other damaged ones.
  truncateSync(path.join(photos, '009.png'), 120);
  const again = await openDataset(config.data, folder);
  assert.deepEqual([again.train.count, again.validation.count], [count, 9 - count]);
  await again.close();
});

test('classes stay with their pictures where some are damaged', async () => {
  for (const kind of ['a', 'b', 'c']) await pictures(`classes/${kind}`, sizes.slice(0, 9));
  const white = await sharp({ create: { width: 40, height: 60, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  for (let i = 0; i < 9; i++) {
    writeFileSync(path.join(folder, 'classes/b', `00${i}.png`), white);
    writeFileSync(path.join(folder, 'classes/c', `00${i}.png`), '');
  }
  for (const kind of ['a', 'b']) damage(path.join(folder, 'classes', kind));
  const { config, dataset } = await prepareRun(
    { config: { data: { source: 'classes', validation: 0 } } },
    folder,
  );
  assert.equal(config.data.damaged?.length, 15);
  const { count, labels } = dataset.train;
  assert.deepEqual(dataset.labelNames, ['a', 'b', 'c']);
  const all = Array.from({ length: count }, (_, i) => i);
  const values = await dataset.train.read(all);
  const corners = all.map((i) => values[i * (values.length / count)]);
  assert.deepEqual(
    all.map((i) => labels!.at(i)),
    corners.map((corner) => (corner === 255 ? 1 : 0)),
  );
  assert.equal(corners.filter((corner) => corner === 255).length, 6);
  await dataset.close();
});

test('where all pictures are damaged, the error names the first few and how many more', async () => {
  const photos = await pictures('all-damaged', sizes.slice(0, 8));
  for (let i = 0; i < 8; i++) writeFileSync(path.join(photos, `00${i}.png`), 'no picture');
  const expected = {
    name: 'UserError',
    message: `${photos}: none of 8 images can be read: "000.png", "001.png", "002.png", "003.png", "004.png" and 3 more. Replace them.`,
  };
  await assert.rejects(previewData(photos, folder), expected);
  await assert.rejects(prepareRun({ data: photos }, folder), expected);
});

test('of many pictures a preview opens some; what is held out elsewhere may be damaged too', async () => {
  const many = await pictures('six-hundred', [[8, 8]]);
  const png = readFileSync(path.join(many, '000.png'));
  for (let i = 1; i < 600; i++) {
    writeFileSync(path.join(many, `${String(i).padStart(3, '0')}.png`), i % 100 === 50 ? '' : png);
  }
  const other = await pictures('other', [
    [8, 8],
    [8, 8],
    [8, 8],
  ]);
  writeFileSync(path.join(other, '001.png'), '');
  const request = {
    config: { data: { source: many, validationSource: other }, model: { kind: 'image', scales: 1 } },
  };
  const configFile = path.join(folder, 'many.flow.json');
  writeFileSync(configFile, JSON.stringify(request.config));
  const seen = await previewData(configFile, folder);
  assert.match(
    seen.warnings.join('\n'),
    /[3-6] images of those that were looked at cannot be read: "\d50\.png"/,
  );
  assert.ok(seen.train >= 594 && seen.train < 600 && seen.looked < 512, `${seen.train} ${seen.looked}`);
  assert.match(seen.note, /without "001\.png", which cannot be read, other is held out/);
  assert.equal(seen.validation, 2);
  const { dataset } = await prepareRun(request, folder);
  assert.deepEqual([dataset.train.count, dataset.validation.count], [594, 2]);
  await dataset.close();
});
