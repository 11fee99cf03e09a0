import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { writeSampleGrid, writeScatter } from '../../../src/data/png';
import { stream } from '../../../src/data/random';
import { temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();

async function decode(file: string) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * info.channels).subarray(0, 3),
  ];
  return { width: info.width, height: info.height, at };
}

test('small images are enlarged by a whole factor and laid out in rows', async () => {
  const file = path.join(folder, 'grid.png');
  const data = new Float32Array(3 * 64).fill(0);
  data[0] = 16.99; // first image, first pixel: white
  data[64 + 63] = 8; // second image, last pixel: middle gray
  data[128] = NaN;
  await writeSampleGrid({ shape: [3, 8, 8, 1], data }, 17, 2, file);
  const { width, height, at } = await decode(file);
  const tile = 8 * 7;
  assert.deepEqual([width, height], [2 * (tile + 2) + 2, 2 * (tile + 2) + 2]);
  assert.deepEqual(at(2, 2), [255, 255, 255]);
  assert.deepEqual(at(2 + 6, 2 + 6), [255, 255, 255]);
  assert.deepEqual(at(2 + 7, 2), [0, 0, 0]);
  assert.deepEqual(at(2 * (tile + 2) - 1, tile + 1), [128, 128, 128]);
  assert.deepEqual(at(2, tile + 4), [255, 0, 255], 'NaN is loud');
  assert.deepEqual(at(0, 0), [128, 128, 128]);
});

test('colors keep their order, and values out of range are clipped', async () => {
  const file = path.join(folder, 'rgb.png');
  const data = Float32Array.from({ length: 64 * 64 * 3 }, (_, i) => [300, -5, 51.5][i % 3]!);
  await writeSampleGrid({ shape: [1, 64, 64, 3], data }, 256, 8, file);
  const { width, at } = await decode(file);
  assert.equal(width, 64 + 4);
  assert.deepEqual(at(10, 10), [255, 0, 51]);
});

test('points are drawn where they are, y upwards', async () => {
  const file = path.join(folder, 'scatter.png');
  await writeScatter({ shape: [3, 2], data: Float32Array.of(-1, -1, 1, 1, NaN, 0) }, file);
  const { width, height, at } = await decode(file);
  const low = Math.round((0.5 - 1 / 2.2) * width);
  assert.notDeepEqual(at(low, height - low), [255, 255, 255]);
  assert.notDeepEqual(at(width - low, low), [255, 255, 255]);
  assert.deepEqual(at(low, low), [255, 255, 255]);
});

test('many points over a reference, and points at one place', async () => {
  const file = path.join(folder, 'many.png');
  const data = stream(1, 'points').normal(4000);
  await writeScatter({ shape: [2000, 2], data }, file, {
    shape: [2000, 2],
    data: stream(2, 'points').normal(4000),
  });
  const { width, at } = await decode(file);
  const drawn = (x0: number, y0: number) => {
    let count = 0;
    for (let y = 0; y < 40; y++) for (let x = 0; x < 40; x++) count += at(x0 + x, y0 + y)[0]! < 255 ? 1 : 0;
    return count / 1600;
  };
  assert.ok(drawn(width / 2 - 20, width / 2 - 20) > 0.3, 'the middle is dense');
  assert.ok(drawn(0, 0) < 0.1, 'a corner is nearly empty');
  await writeScatter({ shape: [2, 2], data: new Float32Array(4) }, file);
});
