import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { withHome } from '../../../src/base/home';
import { cacheRoot, findNative, nativeKey, nativeRoot } from '../../../src/native/locate';
import { damageOf, manifestName, readManifest, writeManifest } from '../../../src/native/manifest';
import { tfjsNodeVersion } from '../../../src/native/platform';
import { findSources, prebuiltFiles } from '../../../src/native/sources';

function temporaryRoot(context: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'native-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

async function makeNative(root: string, tensorflow: string, key = nativeKey(tensorflow)): Promise<string> {
  const folder = path.join(root, key);
  mkdirSync(path.join(folder, 'lib'), { recursive: true });
  writeFileSync(path.join(folder, 'lib', 'tfjs_binding.node'), tensorflow);
  const about = { tfjsNode: tfjsNodeVersion, tensorflow, source: 'wheel', binding: 'lib/tfjs_binding.node' };
  await writeManifest(folder, about);
  return folder;
}

test('the cache folder follows the platform and FLOWSCOPE_NATIVE goes first', () => {
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/c' }, 'linux'), path.resolve('/c', 'flowscope'));
  assert.match(cacheRoot({}, 'linux'), /\.cache.flowscope$/);
  assert.match(cacheRoot({}, 'darwin'), /Library.Caches.flowscope$/);
  assert.equal(cacheRoot({ LOCALAPPDATA: 'L' }, 'win32'), path.resolve('L', 'flowscope', 'cache'));
  assert.equal(nativeRoot({ FLOWSCOPE_NATIVE: 'here' }), path.resolve('here'));
  assert.equal(nativeRoot({ XDG_CACHE_HOME: '/c' }), path.resolve('/c', 'flowscope', 'native'));
});

test('a user without a home folder has no native TensorFlow, and is told what to set', (context) => {
  // As for a user of a container that is only a number.
  context.mock.method(os, 'homedir', () => {
    throw new Error('uv_os_homedir returned ENOENT');
  });
  // Also for who has imported it by its name.
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
  assert.throws(() => cacheRoot({}, 'linux'), /UserError.*no home folder.*FLOWSCOPE_NATIVE/s);
  assert.equal(nativeRoot({ FLOWSCOPE_NATIVE: 'here' }), path.resolve('here'));
  assert.equal(nativeRoot({ XDG_CACHE_HOME: '/c' }), path.resolve('/c', 'flowscope', 'native'));
  const { XDG_CACHE_HOME, FLOWSCOPE_NATIVE } = process.env;
  delete process.env['XDG_CACHE_HOME'];
  delete process.env['FLOWSCOPE_NATIVE'];
  try {
    assert.equal(findNative(), undefined);
    assert.equal(withHome('~/runs'), '~/runs');
  } finally {
    Object.assign(
      process.env,
      Object.fromEntries(
        Object.entries({ XDG_CACHE_HOME, FLOWSCOPE_NATIVE }).filter(([, v]) => v !== undefined),
      ),
    );
  }
});

test('no folder, or an empty one, is no native TensorFlow', (context) => {
  const root = temporaryRoot(context);
  assert.equal(findNative(path.join(root, 'absent')), undefined);
  assert.equal(findNative(root), undefined);
});

test('the newest release is taken, compared as numbers', async (context) => {
  const root = temporaryRoot(context);
  for (const release of ['2.9.1', '2.21.0', '2.15.1']) await makeNative(root, release);
  const found = findNative(root);
  assert.ok(found);
  assert.equal(found.version, '2.21.0');
  assert.equal(found.binding, path.join(root, nativeKey('2.21.0'), 'lib', 'tfjs_binding.node'));
});

test('builds for another platform or for CUDA, unreadable manifests and missing files are passed over', async (context) => {
  const root = temporaryRoot(context);
  await makeNative(root, '2.30.0', nativeKey('2.30.0', 'plan9-mips'));
  await makeNative(root, '2.30.0', `${nativeKey('2.30.0')}-cuda`);
  writeFileSync(path.join(await makeNative(root, '2.29.0'), manifestName), '{ not json');
  rmSync(path.join(await makeNative(root, '2.28.0'), 'lib', 'tfjs_binding.node'));
  mkdirSync(path.join(root, nativeKey('2.27.0')));
  assert.equal(findNative(root), undefined);
  await makeNative(root, '2.26.0');
  assert.equal(findNative(root)?.version, '2.26.0');
});

test('a manifest that points outside its folder is not believed', async (context) => {
  const folder = await makeNative(temporaryRoot(context), '2.21.0');
  const file = path.join(folder, manifestName);
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('lib/tfjs_binding.node', '../tfjs_binding.node'));
  assert.equal(readManifest(folder), undefined);
});

test('damage is found by size and by checksum', async (context) => {
  const folder = await makeNative(temporaryRoot(context), '2.21.0');
  const manifest = readManifest(folder);
  assert.ok(manifest);
  assert.deepEqual(await damageOf(folder, manifest), []);
  const file = path.join(folder, 'lib', 'tfjs_binding.node');
  writeFileSync(file, '2.21.1');
  assert.deepEqual(await damageOf(folder, manifest), ['lib/tfjs_binding.node has another checksum']);
  writeFileSync(file, 'x');
  assert.deepEqual(await damageOf(folder, manifest), ['lib/tfjs_binding.node has 1 bytes instead of 6']);
  rmSync(file);
  assert.deepEqual(await damageOf(folder, manifest), ['lib/tfjs_binding.node is missing']);
});

test('the release that we build for is the one in package.json', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  assert.equal(manifest.dependencies['@tensorflow/tfjs-node'], tfjsNodeVersion);
});

test('addresses of the prebuilt files are read from the installed package', () => {
  const { tfjsNode, nodeHeaders, binding } = findSources(process.cwd());
  assert.ok(readFileSync(path.join(nodeHeaders, 'node_api.h')).length > 0);
  assert.ok(readFileSync(path.join(binding, 'tfjs_binding.cc')).length > 0);

  const linux = prebuiltFiles(tfjsNode, 'linux', 'x64', {});
  assert.equal(linux?.tensorflow, '2.9.1');
  assert.match(linux.addon, /^https:\/\/.*\/napi-v8\/4\.22\.0\/CPU-linux-4\.22\.0\.tar\.gz$/);
  assert.match(linux.library, /^https:\/\/.*\/libtensorflow-cpu-linux-x86_64-2\.9\.1\.tar\.gz$/);
  assert.match(
    prebuiltFiles(tfjsNode, 'win32', 'x64', {})?.library ?? '',
    /cpu-windows-x86_64-2\.9\.1\.zip$/,
  );
  assert.equal(prebuiltFiles(tfjsNode, 'linux', 'arm64', {}), undefined);
  const mirror = prebuiltFiles(tfjsNode, 'linux', 'x64', {
    TFJS_NODE_CDN_STORAGE: 'https://mirror.example/',
  });
  assert.match(mirror?.library ?? '', /^https:\/\/mirror\.example\/tensorflow\/libtensorflow\//);
});
