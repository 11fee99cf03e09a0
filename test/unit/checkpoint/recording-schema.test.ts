/** The JSON schema of recordings that the repository has is the one of the source. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { recordingJsonSchema } from '../../../src/checkpoint/recording/json-schema';

test('media/schemas/recording.schema.json is up to date (node scripts/config-schema.mjs)', async () => {
  const file = path.resolve('media', 'schemas', 'recording.schema.json');
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), JSON.parse(recordingJsonSchema()));
});
