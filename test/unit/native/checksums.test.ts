/** What the native ladder downloads is the file that was published, or is not used. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { checkTrusted, unverifiedVariable } from '../../../src/native/checksums';
import { wheelPlans } from '../../../src/native/platform';
import { stagePrebuilt } from '../../../src/native/prebuilt';
import type { NativeSources } from '../../../src/native/sources';
import { put, temporaryFolder } from '../support/temporary';

const folder = temporaryFolder();
const system = process.platform === 'win32' ? 'windows' : process.platform;
const extension = system === 'windows' ? 'zip' : 'tar.gz';
const names = {
  addon: `CPU-${system}-1.2.3.${extension}`,
  library: `cpu-${system}-x86_64-2.9.1.${extension}`,
};
const published = process.arch === 'x64' && ['linux', 'darwin', 'windows'].includes(system);
const context = { signal: new AbortController().signal, progress: () => undefined };
const asked: string[] = [];
let sources: NativeSources;

/** A host with both files, and a package that names it. */
const server = createServer((request, response) => {
  const name = path.posix.basename(request.url!);
  asked.push(name);
  response.end(readFileSync(path.join(folder, name)));
});

before(async () => {
  put(folder, 'content/tfjs_binding.node', 'an add-on');
  put(folder, 'content/lib/tensorflow.dll', 'a library');
  for (const name of Object.values(names)) {
    execFileSync('tar', ['-caf', path.join(folder, name), '-C', path.join(folder, 'content'), '.']);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const binary = { host, remote_path: './{napi_build_version}/{version}/', napi_versions: [8] };
  put(folder, 'package/package.json', JSON.stringify({ version: '1.2.3', binary }));
  put(
    folder,
    'package/scripts/install.js',
    `const b = CDN_STORAGE || '${host}/'; x = \`\${BASE_HOST}files/\`;`,
  );
  put(folder, 'package/scripts/deps-constants.js', "const LIBTENSORFLOW_VERSION = '2.9.1';");
  sources = { binding: '', nodeHeaders: '', tfjsNode: path.join(folder, 'package') };
});
after(() => server.close());

const sha256 = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(path.join(folder, name)))
    .digest('hex');

test('files whose checksum is not known are not asked for', { skip: !published }, async () => {
  await assert.rejects(
    stagePrebuilt(path.join(folder, 'unknown'), sources, context),
    /^Error: no checksum of CPU-.* is known; FLOWSCOPE_NATIVE_UNVERIFIED=1 trusts 127\.0\.0\.1:/,
  );
  assert.deepEqual(asked, []);
});

test('files that differ are refused before they are unpacked', { skip: !published }, async () => {
  const known = { [names.addon]: sha256(names.addon), [names.library]: '0'.repeat(64) };
  const target = path.join(folder, 'different');
  await assert.rejects(
    stagePrebuilt(target, sources, context, known),
    new RegExp(`^Error: ${names.library} has checksum [0-9a-f]{64}, expected 0{64}`),
  );
  assert.ok(!existsSync(path.join(target, 'deps')) && !existsSync(path.join(target, 'lib')));
});

test('files that are the same are used', { skip: !published }, async () => {
  const known = { [names.addon]: sha256(names.addon), [names.library]: sha256(names.library) };
  const target = path.join(folder, 'same');
  const staged = await stagePrebuilt(target, sources, context, known);
  assert.equal(readFileSync(path.join(target, ...staged.binding.split('/')), 'utf8'), 'an add-on');
});

test('a host is trusted without a checksum only where somebody says so, and only over https', () => {
  const known = { a: 'f' };
  assert.equal(checkTrusted('http://mirror.example/x/a', known, {}), 'f');
  assert.throws(() => checkTrusted('https://mirror.example/b', known, {}), /no checksum of b is known/);
  const trusting = { [unverifiedVariable]: '1' };
  assert.equal(checkTrusted('https://mirror.example/b', known, trusting), undefined);
  assert.throws(() => checkTrusted('http://mirror.example/b', known, trusting), /not taken over http:/);
});

test('every wheel has a checksum', () => {
  const all = Object.values(wheelPlans).flatMap(({ releases }) => releases);
  assert.ok(all.length >= 4);
  for (const { sha256 } of all) assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.equal(new Set(all.map(({ sha256 }) => sha256)).size, all.length);
});
