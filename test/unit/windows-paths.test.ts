/** What depends on how Windows names files, checked wherever the tests run. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { isInside } from '../../src/engine/onnx-flow/load-model';
import { manifestName, readManifest } from '../../src/native/manifest';

it('weights of an ONNX file are looked for beside it only, on the same drive', () => {
  const inside = (folder: string, location: string) =>
    isInside(folder, path.win32.resolve(folder, location), path.win32);
  assert.ok(inside('C:\\models', 'w.bin'));
  assert.ok(inside('C:\\models', 'parts/w.bin'));
  assert.ok(inside('C:\\models', 'parts\\..\\w.bin'));
  assert.ok(inside('C:\\Models', 'c:\\models\\w.bin'), 'names differ in case only');
  for (const elsewhere of [
    '..\\w.bin',
    '../w.bin',
    'D:w.bin',
    'D:\\w.bin',
    '\\\\host\\share\\w.bin',
    '\\w.bin',
    '',
  ])
    assert.ok(!inside('C:\\models', elsewhere), elsewhere);
});

it('a manifest of native libraries names no file outside of its folder, with either separator', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'manifest-'));
  try {
    const manifest = (name: string) => ({
      format: 1,
      tfjsNode: '4.22.0',
      tensorflow: '2.21.0',
      source: 'wheel',
      created: '2026-01-01T00:00:00Z',
      binding: name,
      files: { [name]: { bytes: 1, sha256: '0'.repeat(64) } },
    });
    const read = (name: string) => {
      writeFileSync(path.join(folder, manifestName), JSON.stringify(manifest(name)));
      return readManifest(folder);
    };
    assert.ok(read('lib/tfjs_binding.node'));
    for (const name of ['../a.node', '..\\a.node', 'lib\\..\\..\\a.node'])
      assert.equal(read(name), undefined, name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
