/** The animated way from x to z: its numbers are those of a pass, and its file is a GIF with a picture for each moment. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { animationFrames, exportAnimation } from '../../../src/engine/export/animation';
import { anySignal, moonsModel, smallModel, type SmallModel } from '../inspect/model';

describe('the way from x to z as a GIF', () => {
  let model: SmallModel;
  let folder: string;
  before(async () => {
    model = await smallModel({ ...moonsModel, flowNorm: false }, 'moons');
    folder = await mkdtemp(path.join(tmpdir(), 'flowscope-gif-'));
  });
  after(async () => {
    await model.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends in z with the log p(x) of the followed example, and goes back', async () => {
    const frames = await animationFrames(model.opened, { signal: anySignal() });
    const inspected = model.opened.inspected!;
    const x = await (await inspected.data.open()).validation.read([0]);
    const { prior, logDet, preprocessing } = await inspected.runner.forward(x.slice(0, 2), 1, 'data', {});
    const expected = prior[0]! + logDet[0]! + preprocessing[0]!;
    const ends = frames.filter(({ svg }) => svg.includes('log p(x)'));
    assert.equal(ends.length, 1, 'only in z is all of it known');
    const [, sign, value] = /log p\(x\) ([−+])([\d.]+) nats/.exec(ends[0]!.svg)!;
    assert.ok(
      Math.abs((sign === '−' ? -1 : 1) * Number(value) - expected) < 0.006,
      `${sign}${value}, ${expected}`,
    );
    assert.match(frames[0]!.svg, /x, the data/);
    assert.match(frames[0]!.svg, /log-det so far \+0\.00 nats/);
    assert.ok(frames.indexOf(ends[0]!) < frames.length - 1);
  });

  it('is written with a picture for each moment', async () => {
    const file = path.join(folder, 'moons.gif');
    const { bytes } = await exportAnimation(model.opened, file, { features: [1, 0] });
    const { format, pages, delay, size } = await sharp(file, { animated: true }).metadata();
    const frames = await animationFrames(model.opened, { signal: anySignal() });
    assert.equal(format, 'gif');
    assert.equal(pages, frames.length);
    assert.deepEqual(
      delay,
      frames.map(({ milliseconds }) => milliseconds),
    );
    assert.ok(bytes > 0 && (size === undefined || size === bytes));
  });

  it('is refused for features that there are not, and stops when it is not wanted any more', async () => {
    const file = path.join(folder, 'none.gif');
    await assert.rejects(
      exportAnimation(model.opened, file, { features: [0, 2] }),
      /Feature 2 was asked for; the flow has 2, numbered from 0/,
    );
    await assert.rejects(exportAnimation(model.opened, file, { signal: AbortSignal.abort() }), /[Cc]ancel/);
    await assert.rejects(sharp(file).metadata());
  });
});
