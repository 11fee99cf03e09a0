import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { runConfigSchema } from '../../../../src/config/schema';
import { contextInfo, contextOrder, contextWords } from '../../../../src/engine/model/context';
import { buildFlow } from '../../../../src/flow/flow';
import { classOf, withClass } from '../../../../src/protocol/model';

const classesOf = (context: number, data: object, labelNames?: string[]) => {
  const config = v.parse(runConfigSchema, {
    data: { source: 'a.csv', ...data },
    model: { kind: 'vector', dim: 2, couplings: 1, hidden: [4], context },
  });
  const record = {
    ...{ name: 'a', source: 'a.csv', rows: 1, train: 1, validation: 0, shape: [2], note: '' },
  };
  return contextInfo(
    { config, ...(labelNames ? { data: { ...record, labelNames } } : {}) },
    buildFlow(config.model),
    {},
  )?.classes;
};

test('classes are the last numbers of a context', () => {
  const labelContext = { labelContext: true, labelColumn: 'kind' };
  assert.deepEqual(classesOf(3, labelContext), { start: 0, count: 3, name: 'kind' });
  assert.deepEqual(classesOf(3, { ...labelContext, contextColumns: ['m'], labelColumn: 4 }), {
    start: 1,
    count: 2,
  });
  // Other data have as many numbers as they have; the record of the data says how many classes there are.
  const source = { labelContext: true, contextSource: 'b.csv' };
  assert.deepEqual(classesOf(5, source, ['a', 'b']), { start: 3, count: 2 });
  assert.equal(classesOf(5, source), undefined);
});

test('labels that are only shown, and labels that are not those of the flow, make no classes', () => {
  assert.equal(classesOf(2, { contextColumns: ['m', 'n'], labelColumn: 'kind' }, ['a', 'b']), undefined);
  assert.equal(classesOf(2, { labelContext: true }, ['a', 'b', 'c']), undefined);
});

test('names out of a file stay in one line of text, spelled out and cut', () => {
  const labelNames = ['Bonn\u2028import os', `x${'y'.repeat(500)}`, 'a\u0000\u202eb'];
  const classes = { start: 1, count: 3, name: 'city\nimport os; os.system("x")  #' };
  const info = { names: ['mass\r\n1', ...labelNames], mean: [0, 0, 0, 0], std: [1, 1, 1, 1], classes };
  const cut = `x${'y'.repeat(59)}…`;
  assert.equal(
    contextOrder(info, 12),
    `mass 1; one-hot of city import os; os.system("x")  #: Bonn import os, ${cut}, a\\u0000\\u202eb`,
  );
  assert.equal(contextWords(info), 'mass 1, city import os; os.system("x")  # (3 classes)');
});

test('a class of a context, and another one', () => {
  const classes = { start: 1, count: 3 };
  assert.equal(classOf(classes, [1, 0, 0, 1]), 2);
  for (const none of [
    [0, 0, 0],
    [0.3, 0.3, 0.4],
    [1, 1, 0],
    [2, 0, 0],
  ])
    assert.equal(classOf(classes, [1, ...none]), undefined, String(none));
  assert.deepEqual(withClass(classes, [7, 0.2, 0.3, 0.5], 1), [7, 0, 1, 0]);
});
