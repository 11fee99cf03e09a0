import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDataConfig, parseRunConfig, parseStoredConfig } from '../../../src/config/parse';
import { UserError } from '../../../src/base/user-error';
import { patience } from '../../inspector/until';
import { processorTime } from '../support/processor-time';

const data = { source: 'x' };

function complaint(input: unknown): string {
  try {
    parseRunConfig(input, 'digits.json');
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.message;
  }
  return assert.fail('was accepted');
}

test('defaults are filled in', () => {
  const config = parseRunConfig({ data, model: { kind: 'vector', dim: 2 } }, 'a.json');
  assert.equal(config.data.validation, 0.2);
  assert.equal(config.training.batch, 64);
  assert.ok(config.model.kind === 'vector' && config.model.hidden.length === 2);
});

test('a parsed config parses to itself', () => {
  const once = parseRunConfig({ data, model: { kind: 'image', height: 8, width: 8 } }, 'a.json');
  assert.deepEqual(parseRunConfig(JSON.stringify(once), 'a.json'), once);
});

test('a wrong value is named with what was expected', () => {
  const model = { kind: 'image', height: 8, width: 8 };
  assert.equal(
    complaint({ data, model: { ...model, scales: 'two' } }),
    'digits.json: model.scales: expected an integer ≥ 1 and ≤ 8, got "two".',
  );
  assert.match(
    complaint({ data, model: { ...model, dataRange: 1 } }),
    /model\.dataRange: expected a number > 0 and < 1, got 1\./,
  );
  assert.match(
    complaint({ data, model: { ...model, affine: 'x' } }),
    /expected one of "scale-then-shift", "shift-then-scale", .*got "x"/,
  );
  assert.match(
    complaint({ data, model, training: { flips: 1 } }),
    /training\.flips: expected true or false, got 1/,
  );
  assert.match(
    complaint({ data: { ...data, columns: [1, -2] }, model }),
    /data\.columns\.1: expected a text, or an integer ≥ 0, got -2/,
  );
  assert.match(
    complaint({ data, model: { kind: 'vector', dim: 2, hidden: 64 } }),
    /model\.hidden: expected a list, of at most 64, each an integer ≥ 1 and ≤ 65536, got 64/,
  );
});

test('all problems are listed at once', () => {
  const text = complaint({
    data: {},
    model: { kind: 'vector', couplings: 0, hiden: [3], mask: 'odd' },
    training: { step: 3, batchs: 1, seed: -1 },
  });
  for (const part of [
    'data.source: missing; expected a text that is not empty',
    'model.dim: missing; expected an integer ≥ 1 and ≤ 4096',
    'model.couplings: expected an integer',
    'model.hiden: unknown setting; did you mean "hidden"?',
    'model.mask: expected one of',
    'training.step: unknown setting; did you mean "steps"?',
    'training.batchs: unknown setting; did you mean "batch"?',
    'training.seed: expected an integer ≥ 0, got -1',
  ]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
});

test('unknown settings of a layer in a list are named', () => {
  const data = { source: 'moons' };
  const layers = [{ kind: 'field', foo: 1, net: { kind: 'mlp', hiden: [8] } }];
  assert.throws(
    () => parseRunConfig({ data, model: { kind: 'vector', dim: 2, layers } }, 'c'),
    /model\.layers\.0\.foo: unknown setting; known are kind, .*model\.layers\.0\.net\.hiden: unknown setting; did you mean "hidden"\?/s,
  );
});

test('unknown settings suggest the nearest known one whatever the writing', () => {
  const model = { kind: 'vector', dim: 2 };
  assert.match(complaint({ data, model, training: { learning_rate: 1 } }), /did you mean "learningRate"\?/);
  assert.match(
    complaint({ data, model, trainig: {} }),
    /trainig: unknown setting; did you mean "training"\?/,
  );
  assert.match(
    complaint({ data, model, q: {} }),
    /q: unknown setting; known are \$schema, data, model, training/,
  );
  assert.match(
    complaint(`{"data":{"source":"x"},"model":{"kind":"vector","dim":2,"__proto__":1}}`),
    /__proto__: unknown/,
  );
});

test('a wrong kind or shape of the whole', () => {
  assert.match(
    complaint({ data, model: { kind: 'img' } }),
    /model\.kind: expected one of "vector", "image", got "img"/,
  );
  assert.match(complaint({ data, model: [] }), /model/);
  assert.match(complaint([]), /^digits\.json: expected an object, got \[\]/);
  assert.match(complaint('null'), /expected an object, got null/);
});

test('JSON errors have line and column', () => {
  const faults: [string, string][] = [
    ['{\n "a": nope}', '2:7: not valid JSON: expected a value, got "nope"'],
    ['{"a":1,}', '1:8: not valid JSON: expected a name in double quotes after the comma, got "}"'],
    ['{"a":1', '1:7: not valid JSON: expected "," or "}", got the end of the file'],
    ['{\n\n  a: 1}', '3:3: not valid JSON: expected a name in double quotes, got "a"'],
    ['{"a" 1}', '1:6: not valid JSON: expected ":", got "1"'],
    ['{"a": "b\n"}', '1:7: not valid JSON: expected a closed string'],
    ['{} {}', '1:4: not valid JSON: expected nothing more, got "{"'],
    ['{"a": [1, 2}', '1:12: not valid JSON: expected "," or "]", got "}"'],
    ['{"a": 01}', '1:7: not valid JSON: expected a value'],
  ];
  for (const [text, expected] of faults) {
    assert.ok(complaint(text).startsWith(`digits.json:${expected}`), `${complaint(text)} for ${text}`);
  }
  assert.match(complaint(''), /is empty/);
  assert.match(complaint('['.repeat(2000)), /digits\.json:1:\d+/);
});

test('any damaged JSON gives a place, never a crash', () => {
  const good = JSON.stringify(
    { data: { source: 'é"\\', columns: [1, 2.5e3, null, true] }, model: { kind: 'vector' } },
    null,
    1,
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.string({ maxLength: 3 }), (at, inserted) => {
      const text = good.slice(0, at) + inserted + good.slice(at + 1);
      assert.match(complaint(text), /^digits\.json/);
      try {
        JSON.parse(text);
      } catch {
        assert.match(complaint(text), /^digits\.json:\d+:\d+: not valid JSON: expected .+, got .+\.$/s);
        assert.doesNotMatch(complaint(text), /expected valid JSON/);
      }
    }),
    { numRuns: 500 },
  );
});

test('any value gives a config or a UserError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (a, b, c) => {
      for (const input of [
        a,
        { data: a, model: b, training: c },
        { data, model: { kind: 'image', height: b, width: c } },
      ]) {
        try {
          parseRunConfig(input, 'f');
        } catch (error) {
          // Text is parsed as JSON, so a string is a damaged file here.
          assert.ok(error instanceof UserError, String(error));
        }
      }
    }),
  );
});

test('images have to be divisible at every scale, and the message says which padding is', () => {
  const image = (height: number, width: number, scales: number, pad = 0) => ({
    data,
    model: { kind: 'image', height, width, scales, pad },
  });
  assert.match(
    complaint(image(28, 28, 4)),
    /divisible by 8, and the padded image is 28×28; expected pad 2, or scales ≤ 3/,
  );
  assert.match(complaint(image(27, 28, 2)), /no padding makes 27×28 divisible; expected scales ≤ 1/);
  assert.match(complaint(image(8, 8, 4)), /the last one has 1×1 pixels/);
  parseRunConfig(image(28, 28, 4, 2), 'a');
  parseRunConfig(image(27, 27, 1), 'a');
});

test('the advised padding is accepted', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 200 }),
      fc.integer({ min: 4, max: 200 }),
      fc.integer({ min: 1, max: 4 }),
      (height, width, scales) => {
        const config = (pad: number) => ({ data, model: { kind: 'image', height, width, scales, pad } });
        let text: string;
        try {
          parseRunConfig(config(0), 'a');
          return;
        } catch (error) {
          text = (error as Error).message;
        }
        const pad = /expected pad (\d+)/.exec(text)?.[1];
        if (pad) parseRunConfig(config(Number(pad)), 'a');
        else assert.match(text, /no padding|1×1/);
      },
    ),
    // Padded to 8×8, the last scale would have one pixel.
    { examples: [[6, 6, 4]] },
  );
});

test('settings that do not go together', () => {
  const model = { kind: 'vector', dim: 3 };
  const wrong = (training: object, more: object = {}) =>
    complaint({ data: { ...data, ...more }, model, training });
  assert.match(
    wrong({ steps: 10, warmupSteps: 10 }),
    /training\.warmupSteps: expected fewer than the 10 steps, got 10/,
  );
  assert.match(wrong({ schedule: 'cosine', finalLearningRate: 1 }), /finalLearningRate: expected at most/);
  assert.match(wrong({ schedule: 'exponential' }), /finalLearningRate: expected a number > 0/);
  assert.match(
    wrong({ patience: 2 }, { validation: 0 }),
    /training\.patience: early stopping needs held-out/,
  );
  assert.match(wrong({ flips: true }), /training\.flips/);
  assert.match(complaint({ data, model: { kind: 'vector', dim: 1 } }), /model\.dim: expected at least 2/);
});

test('the data section alone', () => {
  assert.equal(parseDataConfig({ source: 'a.csv' }, 'f').format, 'auto');
  assert.throws(() => parseDataConfig({ source: 'a.csv', sorce: 1, validation: -1 }, 'f'), {
    message:
      'f: data.sorce: unknown setting; did you mean "source"?; data.validation: expected a number ≥ 0 and ≤ 1, or an integer ≥ 1, got -1.',
  });
});

test('what is wrong is told at once and in few words, however large or deep it is', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`hiden${i}`, i]));
  const vector = { kind: 'vector', dim: 2 };
  const started = processorTime();
  for (const model of [
    deep,
    { ...vector, hidden: deep },
    { ...vector, ['hiden'.repeat(1_000_000)]: 1 },
    { ...vector, ...many },
    { ...vector, hidden: Array.from({ length: 100_000 }, () => 'x') },
  ]) {
    assert.throws(
      () => parseStoredConfig({ model }, 'a.json'),
      (error) =>
        error instanceof UserError && /^a\.json: model/.test(error.message) && error.message.length < 4100,
    );
  }
  // A second or two. Time that grows with the square of the size would be an hour.
  assert.ok(processorTime() - started < patience(60_000));
});

test('a config that is far too long is not looked at, and a long one not for long', () => {
  const config = (layers: number): string =>
    `{"data":{"source":"moons"},"model":{"kind":"vector","layers":[${new Array(layers).fill('{}').join()}]},"training":{}}`;
  const started = processorTime();
  assert.throws(() => parseStoredConfig(config(4_000_000), 'x'), /^UserError: x: has 12000\d+ characters/);
  assert.throws(() => parseStoredConfig(config(100_000), 'x'), /^UserError: x: .*model\.layers/);
  assert.ok(processorTime() - started < 5000);
});
