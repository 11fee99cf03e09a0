/** Calibration as the page asks for it, a while at a time, beside the same of the command line at once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { splitContext } from '../../../src/data/context';
import { calibrate, choosePairs } from '../../../src/engine/use/calibrate';
import type { CalibrationPart } from '../../../src/protocol/calibration';
import { anySignal, moonsModel, refused, smallModel, standardize, type SmallModel } from './model';

const settings = { split: 'validation', pairs: 60, draws: 30, seed: 2 } as const;

describe('calibration for the page', () => {
  let model: SmallModel;
  before(async () => {
    model = await smallModel({ ...moonsModel, flowNorm: false, context: 2 }, 'moons', {
      data: { labelContext: true },
      standardize: { mean: [0.5, 0.25, 0.5, 0.5], std: [0.9, 0.5, 0.5, 0.5], names: standardize.names },
    });
  });
  after(() => model.dispose());

  it('comes to what all pairs at once come to, and keeps it', async () => {
    assert.equal(await model.inspector.ask('keptCalibration', undefined, anySignal()), null);
    let part: CalibrationPart | undefined;
    do {
      const start: number = part?.done ?? 0;
      part = await model.inspector.ask('calibration', { ...settings, start }, anySignal());
      assert.ok(part.done > start);
    } while (part.done < part.total);
    const inspected = model.opened.inspected!;
    const data = await inspected.data.open();
    const order = choosePairs(data.validation.count, settings.pairs, settings.seed, 'validation');
    const { features: x, context } = splitContext(await data.validation.read(order), data);
    const { runner } = inspected;
    const expected = await calibrate(
      { forward: runner, inverse: runner },
      { count: order.length, x, context: context! },
      { ...settings, names: ['x', 'y'] },
    );
    assert.deepEqual(part.calibration, expected);
    assert.deepEqual([part.done, part.featureCount], [60, 2]);
    const { levels, found, low, high } = part.curves!.coverage;
    levels.forEach((level, i) => {
      const share = expected.coverage.places.filter((place) => place <= level).length / 60;
      assert.ok(Math.abs(found[i]! - share) < 1e-12 && low[i]! <= level && high[i]! >= level);
    });
    assert.deepEqual(await model.inspector.ask('keptCalibration', undefined, anySignal()), part);
  });

  it('ends when it is canceled, and refuses what makes no sense', async () => {
    const control = new AbortController();
    control.abort();
    await assert.rejects(model.inspector.ask('calibration', { ...settings, start: 0 }, control.signal));
    const ask = (change: object) =>
      model.inspector.ask('calibration', { ...settings, start: 0, ...change }, anySignal());
    await assert.rejects(ask({ start: 7 }), refused(/begin at 0/));
    await assert.rejects(ask({ draws: 1e9 }), refused(/10 to 2000 samples/));
    const plain = await smallModel(moonsModel, 'moons');
    try {
      const asked = plain.inspector.ask('calibration', { ...settings, start: 0 }, anySignal());
      await assert.rejects(asked, refused(/takes no condition/));
    } finally {
      await plain.dispose();
    }
  });
});
