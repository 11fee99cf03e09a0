import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configJsonSchema } from '../../../src/config/json-schema';

interface Field {
  description?: string;
  default?: unknown;
  properties?: Record<string, Field>;
  anyOf?: Field[];
  oneOf?: Field[];
  required?: string[];
}

const schema = configJsonSchema() as Field;

test('every setting is described for hovering', () => {
  const bare: string[] = [];
  const visit = (field: Field, name: string) => {
    const parts = Object.entries(field.properties ?? {});
    if (parts.length === 0 && !field.anyOf && !field.oneOf && !field.description) bare.push(name);
    for (const [key, inner] of parts) visit(inner, `${name}.${key}`);
    for (const option of [...(field.anyOf ?? []), ...(field.oneOf ?? [])]) {
      if (option.properties) visit(option, name);
    }
  };
  visit(schema, '');
  assert.deepEqual(bare, []);
});

test('defaults are those of the parser, and sizes may be left out', () => {
  const training = schema.properties!.training!;
  assert.equal(training.properties!.learningRate!.default, 1e-3);
  const model = schema.properties!.model!;
  const vector = (model.anyOf ?? model.oneOf)![0]!;
  assert.deepEqual(vector.properties!.hidden!.default, [64, 64]);
  assert.equal(vector.required, undefined);
});
