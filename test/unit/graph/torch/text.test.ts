import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { modelSchema } from '../../../../src/config/schema';
import { printFlow } from '../../../../src/engine/export/torch-graphs';
import { buildFlow } from '../../../../src/flow/flow';
import { atom, binds, numberText, operation } from '../../../../src/graph/torch/expressions';
import { asLoops } from '../../../../src/graph/torch/loops';
import { wrapped } from '../../../../src/graph/torch/wrap';

test('numbers are the shortest that are read back as the same float32', () => {
  for (const value of [0, -0, 0.1, 1 / 3, 1e-20, -2.7568156719, 16777216, 3e38, 1.5e-45]) {
    const single = Math.fround(value);
    assert.ok(Object.is(Math.fround(Number(numberText(single))), single), numberText(single));
  }
  assert.deepEqual(
    [2, 0.1, -0].map((value) => numberText(Math.fround(value))),
    ['2.0', '0.1', '-0.0'],
  );
  // PyTorch refuses the shorter 3.4028235e+38, which is beyond float32 before it is rounded.
  assert.equal(numberText((2 - 2 ** -23) * 2 ** 127), '3.4028234663852886e+38');
  assert.equal(numberText(Infinity), 'float("inf")');
  assert.equal(numberText(-Infinity), 'float("-inf")');
  assert.equal(numberText(NaN), 'float("nan")');
});

test('parentheses stand where they are needed', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(atom);
  const difference = operation('-', binds.sum, [b!, c!]);
  assert.equal(operation('-', binds.sum, [a!, difference]).text, 'a - (b - c)');
  assert.equal(operation('-', binds.sum, [difference, a!]).text, 'b - c - a');
  assert.equal(operation('*', binds.product, [difference, a!]).text, '(b - c) * a');
});

const couplings = (order: readonly number[], first = 'x'): string[] =>
  order.flatMap((i, turn) => [
    `x, d = self.couplings[${i}].inverse(${turn === 0 ? first : 'x'})`,
    turn === 0 ? 'log_det = 0.0 + d' : 'log_det = log_det + d',
  ]);

test('the same for each of a list becomes a loop', () => {
  const lengthOf = (): number => 4;
  assert.deepEqual(asLoops([...couplings([0, 1, 2, 3], 'z'), 'return x, log_det'], lengthOf), [
    'x = z',
    'log_det = 0.0',
    'for coupling in self.couplings:',
    '    x, d = coupling.inverse(x)',
    '    log_det = log_det + d',
    'return x, log_det',
  ]);
  assert.equal(asLoops(couplings([3, 2, 1, 0]), lengthOf)[1], 'for coupling in reversed(self.couplings):');
  assert.equal(asLoops(couplings([1, 2, 3]), lengthOf)[1], 'for coupling in self.couplings[1:4]:');
});

test('what is not the same for each of a list stays as it is', () => {
  const two = couplings([0, 1]);
  assert.deepEqual(
    asLoops(two, () => 2),
    [two[0], 'log_det = d', ...two.slice(2)],
  );
  const unlike = couplings([0, 1, 2, 3]);
  unlike[4] = 'x, d = self.couplings[2](x)';
  assert.deepEqual(
    asLoops(unlike, () => 4).filter((line) => line.startsWith('for')),
    [],
  );
  const skipping = couplings([0, 2, 4]);
  assert.deepEqual(
    asLoops(skipping, () => 5).filter((line) => line.startsWith('for')),
    [],
  );
  assert.deepEqual(
    asLoops(couplings([0, 1, 2]), () => undefined).filter((line) => line.startsWith('for')),
    [],
  );
});

test('long lines break at the commas of their brackets, and mean the same', () => {
  const parts = Array.from({ length: 12 }, (_, i) => `Part(weight=parameter(${i}, 64), bias=parameter(64))`);
  const line = `    self.net = nn.ModuleList([${parts.join(', ')}])`;
  const lines = wrapped(line);
  assert.ok(lines.every((text) => text.length <= 120));
  const joined = lines.map((text) => text.trim()).join('');
  assert.equal(joined.replaceAll(/,(?=[\])])/g, '').replaceAll(' ', ''), line.replaceAll(' ', ''));
  assert.deepEqual(wrapped('    x = 1'), ['    x = 1']);
});

test('names in the docstring hold nothing that Python does not read', () => {
  const config = v.parse(modelSchema, { kind: 'vector', dim: 2, couplings: 1, hidden: [4] });
  const title = 'The flow a\0b\u202e\ud800c """\\';
  const text = printFlow({ flow: buildFlow(config), config, title }).text();
  assert.ok(
    text.startsWith('"""The flow a b c \\"\\"\\"\\\\, written by Flowscope.\n\n'),
    text.slice(0, 200),
  );
});
