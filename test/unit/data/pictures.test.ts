import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { prepareRun } from '../../../src/data/prepare';
import { previewData } from '../../../src/data/preview';
import { squares } from '../../../src/protocol/engine';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

/** Pictures with a bright square of a third of their height in the middle; each of the given [height, width]. */
async function pictures(name: string, sizes: readonly [number, number][]): Promise<string> {
  const to = path.join(folder, name);
  mkdirSync(to);
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
  assert.doesNotMatch(chosen.note, /different sizes/);
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
