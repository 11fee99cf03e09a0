import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRunConfig } from '../../../src/config/build';
import { configJsonSchema } from '../../../scripts/reference/config-schema';

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

test('defaults are said where one points at a field, and whole sections are valid', () => {
  const training = schema.properties!.training!;
  assert.match(training.properties!.learningRate!.description!, /Default: 0\.001\.$/);
  for (const name of ['data', 'model', 'training']) {
    const { defaultSnippets } = schema.properties![name] as { defaultSnippets: { body: object }[] };
    for (const { body } of defaultSnippets) {
      // As an editor inserts it, with what stands in the places to fill in.
      const text = JSON.stringify(body).replace(/\$\{\d[:|]([\w.]+)[^}]*\}/g, '$1');
      const config = { data: { source: 'd' }, [name]: JSON.parse(text) as object };
      const kind = (config as { model?: { kind?: string } }).model?.kind ?? 'vector';
      const shape = kind === 'vector' ? [3] : [8, 8, 1];
      buildRunConfig(
        { config, preset: kind === 'vector' ? 'tabular' : 'image' },
        { kind: kind as 'vector', name: 'd', shape, levels: 256, provenance: { source: 'd' } },
      );
    }
  }
});

test('presets are completed, each with what it is', () => {
  const { enum: names, enumDescriptions } = schema.properties!.preset as unknown as {
    enum: string[];
    enumDescriptions: string[];
  };
  assert.ok(names.includes('tabular') && names.includes('nflows'));
  assert.equal(names.length, enumDescriptions.filter(Boolean).length);
});
