import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { ensureNative, type Steps } from '../../../src/native/install';
import { findNative } from '../../../src/native/locate';

function temporaryRoot(context: TestContext): string {
  const root = mkdtempSync(path.join(tmpdir(), 'native-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

const binding = 'tfjs_binding.node';

/** Steps that write files as the real ones do; each test replaces what it is about. */
function steps(calls: string[], replaced: Partial<Steps> = {}): Steps {
  return {
    prebuilt: async () => {
      calls.push('prebuilt');
      throw new Error('the host does not answer');
    },
    wheel: async (folder) => {
      calls.push('wheel');
      await writeFile(path.join(folder, binding), 'add-on');
      await writeFile(path.join(folder, 'libtensorflow_cc.so.2'), 'library');
      return { binding, tensorflow: '2.21.0' };
    },
    onnxruntime: async () => {
      calls.push('onnxruntime');
      return '1.30.0';
    },
    loadTest: async () => {
      calls.push('load test');
      return '2.21.0';
    },
    ...replaced,
  };
}

test('what a rung stages is tested, then put in place under its key', async (context) => {
  const root = temporaryRoot(context);
  const calls: string[] = [];
  const result = await ensureNative({ root, steps: steps(calls) });
  assert.deepEqual(calls, ['prebuilt', 'wheel', 'load test']);
  assert.equal(result.cached, false);
  assert.deepEqual(result.failures, [{ rung: 'prebuilt', reason: 'the host does not answer' }]);
  assert.ok(result.native);
  assert.equal(result.native.version, '2.21.0');
  assert.equal(result.native.source, 'wheel');
  assert.ok(existsSync(result.native.binding));
  assert.deepEqual(readdirSync(root), [path.basename(result.native.folder)]);
  assert.deepEqual(findNative(root), result.native);
});

test('a second run verifies and neither downloads nor builds', async (context) => {
  const root = temporaryRoot(context);
  await ensureNative({ root, steps: steps([]) });
  const calls: string[] = [];
  const result = await ensureNative({ root, steps: steps(calls) });
  assert.equal(result.cached, true);
  assert.deepEqual(calls, ['load test']);
});

for (const [damage, harm] of [
  ['a byte is changed', (file: string) => writeFileSync(file, 'LIBRARY')],
  ['a file is cut short', (file: string) => writeFileSync(file, 'lib')],
  ['a file is gone', (file: string) => rmSync(file)],
] as const) {
  test(`a cached folder in which ${damage} is made again`, async (context) => {
    const root = temporaryRoot(context);
    const first = await ensureNative({ root, steps: steps([]) });
    harm(path.join(first.native?.folder ?? '', 'libtensorflow_cc.so.2'));
    const calls: string[] = [];
    const second = await ensureNative({ root, steps: steps(calls) });
    assert.equal(second.cached, false);
    assert.deepEqual(calls, ['prebuilt', 'wheel', 'load test']);
    assert.equal(second.native?.folder, first.native?.folder);
  });
}

test('a changed byte is named in the log', async (context) => {
  const root = temporaryRoot(context);
  const first = await ensureNative({ root, steps: steps([]) });
  writeFileSync(path.join(first.native?.folder ?? '', 'libtensorflow_cc.so.2'), 'LIBRARY');
  const lines: string[] = [];
  await ensureNative({ root, steps: steps([]), log: (line) => lines.push(line) });
  assert.match(
    lines[0] ?? '',
    /damaged and is installed again: libtensorflow_cc\.so\.2 has another checksum/,
  );
});

test('a cached library that does not load any more is made again', async (context) => {
  const root = temporaryRoot(context);
  await ensureNative({ root, steps: steps([]) });
  let tests = 0;
  const calls: string[] = [];
  const loadTest = async () => {
    if (tests++ === 0) throw new Error('GLIBC_2.99 not found');
    return '2.21.0';
  };
  const result = await ensureNative({ root, steps: steps(calls, { loadTest }) });
  assert.equal(result.cached, false);
  assert.deepEqual(calls, ['prebuilt', 'wheel']);
});

test('a rung whose result fails the load test is left behind without a trace', async (context) => {
  const root = temporaryRoot(context);
  const loadTest = () => Promise.reject(new Error('undefined symbol'));
  const result = await ensureNative({ root, steps: steps([], { loadTest }) });
  assert.equal(result.native, undefined);
  assert.equal(result.onnxruntime, '1.30.0');
  assert.deepEqual(
    result.failures.map(({ rung, reason }) => `${rung}: ${reason}`),
    ['prebuilt: the host does not answer', 'wheel: undefined symbol'],
  );
  assert.deepEqual(readdirSync(root), []);
});

test('cancelling leaves nothing half made and is not taken for a failed rung', async (context) => {
  const root = temporaryRoot(context);
  const controller = new AbortController();
  const calls: string[] = [];
  const wheel: Steps['wheel'] = async (folder, { signal }) => {
    await writeFile(path.join(folder, 'half'), '');
    controller.abort();
    signal.throwIfAborted();
    throw new Error('not reached');
  };
  const running = ensureNative({ root, signal: controller.signal, steps: steps(calls, { wheel }) });
  await assert.rejects(running, { name: 'AbortError' });
  assert.deepEqual(readdirSync(root), []);
  assert.ok(!calls.includes('onnxruntime'));
});

test('two runs at once both end with the folder in place', async (context) => {
  const root = temporaryRoot(context);
  const results = await Promise.all([
    ensureNative({ root, steps: steps([]) }),
    ensureNative({ root, steps: steps([]) }),
  ]);
  assert.deepEqual(results[0].native, results[1].native);
  assert.equal(readdirSync(root).length, 1);
});

test('staging folders of runs that were killed long ago are removed, young ones are not', async (context) => {
  const root = temporaryRoot(context);
  for (const [name, age] of [
    ['.staging-1-old', 2 * 86_400],
    ['.staging-2-young', 60],
  ] as const) {
    mkdirSync(path.join(root, name));
    const time = Date.now() / 1000 - age;
    utimesSync(path.join(root, name), time, time);
  }
  await ensureNative({ root, steps: steps([]) });
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('.staging')),
    ['.staging-2-young'],
  );
});

test('where nothing holds, the error names every rung', async (context) => {
  const root = temporaryRoot(context);
  const failing = {
    wheel: () => Promise.reject(new Error('no C++ compiler found')),
    onnxruntime: () => Promise.reject(new Error('package is absent')),
  };
  await assert.rejects(ensureNative({ root, steps: steps([], failing) }), {
    message:
      'prebuilt: the host does not answer\nwheel: no C++ compiler found\nonnxruntime: package is absent',
  });
});
