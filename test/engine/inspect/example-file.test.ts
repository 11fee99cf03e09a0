/** Files as examples: what is decoded, fitted and refused, against sharp and plain arithmetic. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { encodeNpy } from '../../../src/data/npy';
import {
  anySignal,
  digitsModel,
  moonsModel,
  smallModel,
  refused,
  standardize,
  type SmallModel,
} from './model';

const rgbModel = {
  kind: 'image',
  height: 8,
  width: 8,
  channels: 3,
  levels: 256,
  scales: 2,
  base: 4,
  blocks: 1,
};
const wideModel = { ...digitsModel, height: 8, width: 16 };

let digits: SmallModel;
let color: SmallModel;
let wide: SmallModel;
let moons: SmallModel;
before(async () => {
  digits = await smallModel(digitsModel, 'digits');
  color = await smallModel(rgbModel, 'digits');
  wide = await smallModel(wideModel, 'digits');
  moons = await smallModel(moonsModel, 'moons', { standardize });
});
after(async () => {
  for (const model of [digits, color, wide, moons]) await model.dispose();
});

const give = (model: SmallModel, name: string, bytes: Uint8Array) =>
  model.inspector.ask('exampleInFile', { name, bytes }, anySignal());
const raw = (width: number, height: number, channels: 1 | 3, at: (i: number) => number) =>
  sharp(
    Uint8Array.from({ length: width * height * channels }, (_, i) => at(i)),
    { raw: { width, height, channels } },
  ).toColourspace(channels === 1 ? 'b-w' : 'srgb');

describe('a picture as the example', () => {
  it('is taken pixel by pixel where its size is the model’s, in equally wide levels', async () => {
    const png = await raw(8, 8, 1, (i) => i * 4)
      .png()
      .toBuffer();
    const { values, source } = await give(digits, 'ramp.png', png);
    assert.deepEqual(
      [...values],
      Array.from({ length: 64 }, (_, i) => Math.floor((i * 4 * 17) / 256)),
    );
    assert.deepEqual(source, { kind: 'picture', width: 8, height: 8, color: false, resized: false });
    const strip = await digits.inspector.ask(
      'strip',
      {
        example: { kind: 'values', values: [...values], name: 'ramp.png' },
        batch: { split: 'validation', count: 4 },
        mode: 'eval',
      },
      anySignal(),
    );
    assert.deepEqual(strip.input!.data, values);
    assert.ok(Number.isFinite(strip.example!.bitsPerDim));
  });

  it('keeps 256 levels as they are, and gray as three equal channels', async () => {
    const png = await raw(8, 8, 1, (i) => i * 3)
      .png()
      .toBuffer();
    const { values } = await give(color, 'gray.png', png);
    assert.deepEqual(
      [...values],
      Array.from({ length: 192 }, (_, i) => Math.floor(i / 3) * 3),
    );
  });

  it('turns color to gray by luma', async () => {
    const png = await raw(8, 8, 3, (i) => [200, 100, 50][i % 3]!)
      .png()
      .toBuffer();
    const { values, source } = await give(digits, 'color.png', png);
    const luma = Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50);
    assert.ok(values.every((value) => value === Math.floor((luma * 17) / 256)));
    assert.equal(source.kind === 'picture' && source.color, true);
  });

  it('is scaled until it covers the model’s size, and cut in its middle', async () => {
    // Left quarter black, middle white, right quarter black: of 32×16 the middle 16×16 remains, all white.
    const png = await raw(32, 16, 1, (i) => (i % 32 < 8 || i % 32 >= 24 ? 0 : 255))
      .png()
      .toBuffer();
    const { values, source } = await give(digits, 'bars.png', png);
    assert.equal(values.length, 64);
    assert.ok([...values].filter((_, i) => i % 8 > 0 && i % 8 < 7).every((value) => value === 16));
    assert.deepEqual(source, { kind: 'picture', width: 32, height: 16, color: false, resized: true });
    // A model that is twice as wide as high keeps all of it.
    const all = (await give(wide, 'bars.png', png)).values;
    assert.equal(all.length, 128);
    assert.ok(all[0] === 0 && all[15] === 0 && all[8] === 16);
  });

  it('reads JPEG and WebP', async () => {
    const flat = raw(20, 20, 3, () => 128);
    for (const bytes of [await flat.clone().jpeg().toBuffer(), await flat.clone().webp().toBuffer()]) {
      const { values } = await give(digits, 'flat', bytes);
      assert.ok(values.every((value) => value === 8));
    }
  });

  it('refuses what is no picture, is damaged, or claims to be huge', async () => {
    await assert.rejects(
      give(digits, 'notes.txt', Buffer.from('no picture')),
      refused(/^notes\.txt: is not a PNG/),
    );
    await assert.rejects(give(digits, 'none.png', new Uint8Array(0)), refused(/^none\.png: is empty/));
    const png = await raw(8, 8, 1, () => 7)
      .png()
      .toBuffer();
    await assert.rejects(
      give(digits, 'cut.png', png.subarray(0, 45)),
      refused(/^cut\.png: the image is damaged/),
    );
    const huge = Buffer.from(png);
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    await assert.rejects(
      give(digits, 'bomb.png', huge),
      refused(/^bomb\.png: the image is damaged or cannot be decoded/),
    );
    await assert.rejects(
      give(digits, 'large.png', new Uint8Array(2 ** 26 + 1)),
      refused(/^large\.png: has 65 MB; expected at most 64 MB/),
    );
  });
});

describe('numbers as the example', () => {
  it('are read from an .npy array of the right size, with pixels in range', async () => {
    const pixels = Float32Array.from({ length: 64 }, (_, i) => i % 17);
    const { values } = await give(digits, 'x.npy', encodeNpy({ shape: [1, 8, 8, 1], data: pixels }));
    assert.deepEqual(values, pixels);
    await assert.rejects(
      give(digits, 'x.npy', encodeNpy({ shape: [2, 64], data: new Float32Array(128) })),
      refused(/array of 2×64; expected one example of 8×8×1/),
    );
    await assert.rejects(
      give(digits, 'x.npy', encodeNpy({ shape: [64], data: new Float32Array(64).fill(40) })),
      refused(/^x\.npy: The example has the pixel value 40; expected 0 to 16/),
    );
  });

  it('are read from one row of a table, columns by name where it has names', async () => {
    const text = (content: string) => give(moons, 'row.csv', Buffer.from(content));
    assert.deepEqual([...(await text('0.5, -1.25\n')).values], [0.5, -1.25]);
    assert.deepEqual([...(await text('y;x\n3;4\n')).values], [4, 3]);
    assert.deepEqual([...(await text('"x"\t"z"\t"y"\n1\t9\t2\n')).values], [1, 2]);
    assert.deepEqual([...(await text('1e-3\n2\n')).values], [Math.fround(1e-3), 2]);
    assert.deepEqual([...(await text('x;y\n0,5;-1,25\n')).values], [0.5, -1.25]);
    await assert.rejects(text('1,2,3'), refused(/has 3 numbers; the model takes 2/));
    await assert.rejects(text('1,2\n3,4'), refused(/several rows/));
    await assert.rejects(text('1,two'), refused(/holds "two" where a number/));
    await assert.rejects(text('\n'), refused(/no row of numbers/));
  });
});
