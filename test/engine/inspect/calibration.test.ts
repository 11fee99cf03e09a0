/** Calibration as the page asks for it, a while at a time, beside the same of the command line at once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { splitContext } from '../../../src/data/context';
import { calibrate, choosePairs } from '../../../src/engine/use/calibrate';
import { exportHtml } from '../../../src/engine/export/html';
import type { CalibrationPart } from '../../../src/protocol/calibration';
import type { Strip } from '../../../src/protocol/inspect';
import { decodeRecorded } from '../../../src/protocol/recorded';
import type { SampleQuery } from '../../../src/protocol/selection';
import { recordKey } from '../../../src/protocol/webview';
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

  it('goes into a saved page, with samples given the condition of the first example', async () => {
    const file = path.join(model.folder, 'page.html');
    await exportHtml({ model: model.opened, inspector: model.inspector }, file);
    const [, text] = /<script[^>]*type="application\/json"[^>]*>([^]*?)<\/script>/.exec(
      readFileSync(file, 'utf8'),
    )!;
    const page = decodeRecorded(text!);
    const kept = await model.inspector.ask('keptCalibration', undefined, anySignal());
    assert.deepEqual(page.answers[recordKey('keptCalibration', undefined)], kept);
    const strip = Object.entries(page.answers).find(([key]) => key.startsWith('strip '))![1] as Strip;
    assert.deepEqual(page.given, [...strip.context!]);
    const key = Object.keys(page.answers).find((name) => name.startsWith('samples '))!;
    const query = JSON.parse(key.slice('samples '.length)) as SampleQuery;
    const samples = await model.inspector.ask('samples', query, anySignal(), page.given);
    assert.deepEqual(page.answers[key], samples);
    assert.notDeepEqual(samples, await model.inspector.ask('samples', query, anySignal()));
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
      const answer = plain.inspector.ask('calibration', { ...settings, start: 0 }, anySignal());
      await assert.rejects(answer, refused(/takes no condition/));
    } finally {
      await plain.dispose();
    }
  });
});
