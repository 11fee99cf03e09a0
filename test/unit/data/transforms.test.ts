/** Maps of single columns: what they are, whether data fit, and the densities that they give, against SciPy. */
import * as tf from '@tensorflow/tfjs-core';
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { UserError } from '../../../src/base/user-error';
import {
  columnMap,
  columnTransform,
  endsOf,
  hasDensity,
  mapped,
  spanOf,
  takes,
  unmapped,
  withNoise,
  afterMap,
  dataMeans,
  integersOf,
} from '../../../src/config/standardization';
import { parseDataConfig, parseRunConfig } from '../../../src/config/parse';
import { openDataset } from '../../../src/data/open/open';
import { prepareRun } from '../../../src/data/open/prepare';
import { previewData } from '../../../src/data/open/preview';
import { standardizationOf } from '../../../src/data/standardize';
import { standardize } from '../../../src/flow/preprocess';
import { contextOf, onCpu, perExample } from '../../contract/eager';
import { valuesOf } from '../support/examples';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
before(onCpu);

test('a map is a logarithm with a lower bound or a logit with two', () => {
  assert.deepEqual(columnMap('log'), { low: 0, high: Infinity });
  assert.deepEqual(columnMap('log:-0.5'), { low: -0.5, high: Infinity });
  assert.deepEqual(columnMap('logit:0:120'), { low: 0, high: 120 });
  assert.deepEqual(columnMap('circular:0:24'), { low: 0, high: 24, cut: 0 });
  assert.deepEqual(columnMap('circular:-180:180:90'), { low: -180, high: 180, cut: 90 });
  for (const wrong of [
    '',
    'sqrt',
    'circular',
    'circular:0:24:24',
    'circular:0:24:-1',
    'circular:0:24:3:4',
    'log:',
    'log:a',
    'log:0:1',
    'logit',
    'logit:1',
    'logit:1:0',
    'logit:0:1e99',
  ])
    assert.equal(columnMap(wrong), undefined, wrong);
  // There is no float32 between.
  assert.equal(columnMap('logit:1:1.00000001'), undefined);
});

test('a column of integers is taken with noise, alone or before a map, whose bounds are integers', () => {
  assert.deepEqual(columnTransform('dequantize'), { integers: true });
  assert.deepEqual(columnTransform('dequantize:log'), { integers: true, map: { low: 0, high: Infinity } });
  assert.deepEqual(columnTransform('dequantize:logit:1:5'), { integers: true, map: { low: 1, high: 6 } });
  for (const wrong of ['dequantize:', 'dequantize:log:0.5', 'dequantize:logit:5:1', 'dequantize:log:1e7'])
    assert.equal(columnTransform(wrong), undefined, wrong);
  assert.deepEqual(integersOf({ transforms: ['log', 'dequantize', null, 'dequantize:log'] }), [1, 3]);
  const grades = columnTransform('dequantize:logit:1:5')!;
  assert.deepEqual(
    [0, 1, 5, 6, 1.5].map((x) => takes(grades, x)),
    [false, true, true, false, false],
  );
  // What has its noise already has a density, too.
  assert.ok(hasDensity(grades, 5.5) && hasDensity(grades, 1) && !hasDensity(grades, 6.5));
  assert.ok(!takes(columnTransform('dequantize')!, 2 ** 21));
});

test('an integer and its noise lie strictly between it and the next, for all sizes and noises', () => {
  for (const x of [-1_000_000, -3, -1, 0, 1, 2, 5, 1000, 2 ** 20]) {
    for (const u of [0, 2 ** -24, 0.5, 1 - 2 ** -24]) {
      const noisy = withNoise(x, u);
      assert.ok(noisy > x && noisy < x + 1 && noisy === Math.fround(noisy), `${x} ${u}: ${noisy}`);
      assert.ok(Math.abs(noisy - x - u) < 2 ** -23 * (1 + Math.abs(x)), `${x} ${u}: ${noisy}`);
    }
  }
  assert.equal(withNoise(2.25, 0.5), 2.25);
});

test('what a map makes of integers with noise has probabilities of whole intervals', () => {
  const map = standardize('s', { mean: [0.5], std: [0.8], transforms: ['dequantize:log:2'] });
  const nodes = 4000;
  const x = Array.from({ length: 8 * nodes }, (_, i) => 2 + (i + 0.5) / nodes);
  const { value, logDet } = map.forward(contextOf({}, false), tf.tensor2d(x, [x.length, 1]));
  const z = value.dataSync();
  const density = perExample(logDet, x.length).map((part, i) =>
    Math.exp(part - (z[i]! * z[i]! + Math.log(2 * Math.PI)) / 2),
  );
  // statistics.NormalDist(0.5, 0.8).cdf(math.log(x)) for x = 1, 2, 3, 8: P of 2, of 2 and 3, of 2 to 4 and of 2 to 9
  const cdf = [0.26598552904870054, 0.5953906086792149, 0.7728499431612219, 0.9758262890418433];
  for (const [k, expected] of [
    [1, cdf[0]!],
    [2, cdf[1]!],
    [3, cdf[2]!],
    [8, cdf[3]!],
  ] as const) {
    const sum = density.slice(0, k * nodes).reduce((total, p) => total + p, 0) / nodes;
    assert.ok(Math.abs(sum - expected) < 1e-4, `${k}: ${sum}, ${expected}`);
  }
});

test('a circle has one density, whichever turn a value is given in, and samples between its bounds', () => {
  const text = 'circular:0:24:3.5';
  const map = standardize('s', { mean: [0.4], std: [1.2], transforms: [text] });
  const logP = (x: readonly number[]): number[] => {
    const { value, logDet } = map.forward(contextOf({}, false), tf.tensor2d([...x], [x.length, 1]));
    const z = value.dataSync();
    return perExample(logDet, x.length).map((part, i) => part - (z[i]! ** 2 + Math.log(2 * Math.PI)) / 2);
  };
  const nodes = 24_000;
  const all = logP(Array.from({ length: nodes }, (_, i) => ((i + 0.5) * 24) / nodes));
  const total = all.reduce((sum, one) => sum + (Math.exp(one) * 24) / nodes, 0);
  assert.ok(Math.abs(total - 1) < 1e-4, String(total));
  // scipy.stats.norm.logpdf(scipy.special.logit(20.5 / 24), 0.4, 1.2) - math.log(20.5 / 24 * 3.5 / 24 * 24): 0:00 is 20.5 hours after 3:30
  const midnight = logP([0, 24, -24, 48]);
  for (const one of midnight) assert.ok(Math.abs(one - -2.845872975744345) < 1e-4, String(one));
  assert.ok(logP([3.4999998, 3.5, 27.5]).every(Number.isFinite), 'at the cut and next to it');
  const one = columnMap(text)!;
  for (const y of [-200, -30, -1, 0, 0.7, 30, 200]) {
    const x = map.inverse(contextOf({}, false), tf.tensor2d([(y - 0.4) / 1.2], [1, 1])).value.dataSync()[0]!;
    assert.ok(x >= 0 && x < 24, `${y}: ${x}`);
    assert.ok(Math.abs(x - unmapped(one, y)) < 1e-4, `${y}: ${x}, ${unmapped(one, y)}`);
    if (Math.abs(y) < 10) assert.ok(Math.abs(mapped(one, unmapped(one, y)) - y) < 1e-6);
  }
  // The flow has a density wherever the circle is; training takes one turn only, where more would be another unit.
  const hours = columnTransform(text)!;
  assert.ok(hasDensity(hours, 30) && takes(hours, 24) && takes(hours, 0) && !takes(hours, 30));
});

test('a circle is cut where the fewest rows lie', async () => {
  const hours = Array.from({ length: 400 }, (_, i) => (i % 2 ? 22 + (i % 40) / 10 : 2 + (i % 60) / 10) % 24);
  put(folder, 'hours.csv', ['hour,c', ...hours.map((x, i) => `${x},${i % 7}`)].join('\n'));
  const request = {
    data: path.join(folder, 'hours.csv'),
    reading: { transforms: { hour: 'circular:0:24' } },
  } as const;
  const { config, dataset } = await prepareRun(request, folder);
  const fitted = await standardizationOf(config, dataset, undefined);
  const { cut } = columnTransform(fitted!.transforms![0]!)!.map!;
  // Nothing is between 8 and 22.
  assert.ok(cut! > 14 && cut! < 16, String(cut));
  await dataset.close();

  put(folder, 'hours.csv', ['hour,c', ',1', ...hours.map((x, i) => `${x},${i % 7}`)].join('\n'));
  const gaps = await prepareRun({ ...request, reading: { ...request.reading, missing: 'mean' } }, folder);
  await assert.rejects(
    standardizationOf(gaps.config, gaps.dataset, undefined),
    /column "hour" is on a circle, which has no mean to fill its gaps with/,
  );
  await gaps.dataset.close();
});

test('the mean of integers is that of their noise, and gaps are filled by integers', () => {
  const transforms = ['dequantize', 'dequantize:log'];
  assert.equal(afterMap(columnTransform('dequantize'), 3), 3.5);
  assert.equal(afterMap(columnTransform('dequantize:log'), 0), Math.log(0.5));
  assert.deepEqual(dataMeans({ mean: [3.5, Math.log(2.7)], std: [1, 1], transforms }), [3, 2]);
});

test('the density of a normal latent is that of lognorm and of the logit-normal distribution', () => {
  const map = standardize('s', { mean: [0.5, -0.3], std: [0.8, 1.5], transforms: ['log:2', 'logit:-1:4'] });
  const x = [3.5, 0.25];
  const { value, logDet } = map.forward(contextOf({}, false), tf.tensor2d([x]));
  const logP = value.dataSync<'float32'>().reduce((sum, z) => sum - (z * z + Math.log(2 * Math.PI)) / 2, 0);
  // scipy.stats.lognorm.logpdf(3.5, 0.8, loc=2, scale=np.exp(0.5)), and
  // scipy.stats.norm.logpdf(scipy.special.logit(0.25), -0.3, 1.5) - np.log(0.25 * 0.75 * 5)
  assert.ok(Math.abs(logP + perExample(logDet, 1)[0]! - (-1.1082420007681593 - 1.4015943618667586)) < 2e-6);
});

test('nothing leaves the bounds on the way back, and outside of them there is no density', () => {
  const texts = ['log', 'log:5', 'logit:0:120', 'logit:-0.5:0.1', 'logit:1000000:1000001'];
  const maps = texts.map((text) => columnMap(text)!);
  const map = standardize('s', { mean: [0, 0, 0, 0, 0], std: [1, 1, 1, 1, 1], transforms: texts });
  for (const y of [-200, -30, 0, 30, 80]) {
    const x = map.inverse(contextOf({}, false), tf.fill([1, 5], y)).value.dataSync();
    x.forEach((value, d) =>
      assert.ok(value > maps[d]!.low && value < maps[d]!.high, `${texts[d]}: ${value}`),
    );
    x.forEach((value, d) => {
      const exact = unmapped(maps[d]!, y);
      assert.ok(Math.abs(value - exact) <= 1e-5 * Math.abs(exact) + 1e-30, `${texts[d]}: ${value}, ${exact}`);
    });
  }
  for (const one of maps) {
    const [least, most] = endsOf(one);
    assert.ok(Number.isFinite(mapped(one, least)) && Number.isFinite(mapped(one, most)));
    if (one.high < Infinity) assert.ok(Math.fround(one.low + spanOf(one)) < one.high);
  }
  const inside = [1, 6, 1, 0, 1_000_000.5];
  for (const [d, value] of [-1, 5, 120, 0.2, 1e9].entries()) {
    const row = inside.map((own, k) => (k === d ? value : own));
    const { logDet } = map.forward(contextOf({}, false), tf.tensor2d([inside, row]));
    const [finite, outside] = perExample(logDet, 2);
    assert.ok(Number.isFinite(finite) && outside === -Infinity, `${texts[d]} of ${value}`);
  }
});

const rows = Array.from({ length: 40 }, (_, i) => `${Math.exp(i / 10)},${i % 8 === 0 ? '' : i + 1},${-i}`);

test('statistics are those of the images, and gaps are filled by their means', async () => {
  put(folder, 'table.csv', `a,b,c\n${rows.join('\n')}\n`);
  const request = {
    data: path.join(folder, 'table.csv'),
    reading: { missing: 'mean', transforms: { a: 'log', b: 'logit:0:100' } },
  } as const;
  const { config, dataset } = await prepareRun(request, folder);
  const fitted = (await standardizationOf(config, dataset, undefined))!;
  assert.deepEqual(fitted.transforms, ['log', 'logit:0:100', null]);
  const values = await valuesOf(dataset.train);
  const logs = values.filter((_, i) => i % 3 === 0).map(Math.log);
  assert.ok(Math.abs(fitted.mean[0]! - logs.reduce((sum, y) => sum + y, 0) / logs.length) < 1e-6);
  const filled = values.filter((value, i) => i % 3 === 1 && !Number.isInteger(value));
  assert.ok(filled.length > 2);
  for (const value of filled) assert.ok(Math.abs(value - dataMeans(fitted)[1]!) < 1e-4);
  await dataset.close();
});

test('a value outside is an error that names column, example and value, and what to do', async () => {
  put(folder, 'outside.csv', `a,b,c\n${rows.join('\n')}\n`);
  const start = (transforms: Record<string, string>) =>
    prepareRun({ data: path.join(folder, 'outside.csv'), reading: { missing: 'drop', transforms } }, folder);
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof UserError && (assert.match(error.message, message), true);
  await assert.rejects(
    start({ a: 'log', b: 'logit:0:40' }),
    refused(
      /example 34 \(from 0\) has 40 in the column "b", and logit:0:40 takes values between 0 and 40\. 1 of 35 examples are outside; the column goes from 2 to 40\. Choose bounds beyond these \(logit:LOW:HIGH\), .*--transform/,
    ),
  );
  await assert.rejects(
    start({ c: 'log' }),
    refused(/has -1 in the column "c", and log takes values above 0/),
  );
  await assert.rejects(
    start({ a: 'dequantize' }),
    refused(/in the column "a", and dequantize takes integers up to about a million\. .* Round the values, /),
  );
  await assert.rejects(
    start({ c: 'dequantize:log:-30' }),
    refused(
      /has -31 in the column "c", and dequantize:log:-30 takes integers of at least -30\. .*\(dequantize:log:LOW\)/,
    ),
  );
  await assert.rejects(
    start({ d: 'log' }),
    refused(/names the column "d"; expected one that is modeled: a, b, c\./),
  );
  const { warnings } = await previewData(path.join(folder, 'outside.csv'), folder, {
    reading: { missing: 'drop', transforms: { c: 'log' } },
  });
  assert.match(warnings.join('\n'), /Training is not possible .*"c", and log takes/);
  const open = openDataset(
    parseDataConfig({ source: 'table.csv', missing: 'mean', transforms: { z: 'log' } }, 't'),
    folder,
  );
  await assert.rejects(open, refused(/names the column "z"/));
});

test('a config says which maps there are', () => {
  const parse = (transforms: object, model: object = { kind: 'vector', dim: 2 }) =>
    parseRunConfig({ data: { source: 'a', transforms }, model }, 'test');
  assert.deepEqual(parse({ a: 'log' }).data.transforms, { a: 'log' });
  assert.throws(() => parse({ a: 'sqrt' }), /data\.transforms\.a: expected "log" .*, got "sqrt"/);
  assert.throws(
    () => parse({ a: 'log' }, { kind: 'image', height: 8, width: 8, channels: 1 }),
    /data\.transforms\.a: expected none, since images have no columns/,
  );
});
