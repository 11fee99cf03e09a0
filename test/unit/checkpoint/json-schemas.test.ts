import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { jsonSchemas } from '../../../scripts/reference/json-schemas';

test('media/schemas is up to date (node scripts/schemas.mjs)', () => {
  const folder = path.resolve('media', 'schemas');
  const committed = readdirSync(folder).map((name) => [
    name,
    JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as object,
  ]);
  assert.deepEqual(Object.fromEntries(committed), JSON.parse(JSON.stringify(jsonSchemas())));
});
