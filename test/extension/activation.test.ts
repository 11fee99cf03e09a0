import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ours } from './ours';

/** The product promises 50 ms; a busy machine that runs tests gets some slack. */
const longestMilliseconds = 150;

describe('activation', () => {
  it('takes next to no time and loads nothing that computes', async () => {
    const extension = ours();
    const wasActive = extension.isActive;
    const started = performance.now();
    await extension.activate();
    const elapsed = performance.now() - started;
    console.log(`      activated in ${elapsed.toFixed(1)} ms${wasActive ? ' (was active already)' : ''}`);
    assert.ok(elapsed < longestMilliseconds, `${elapsed.toFixed(1)} ms`);
    assertNothingNative();
  });
});

/** The maps of the process name every shared library in it. */
export function assertNothingNative(): void {
  if (process.platform !== 'linux') return;
  const found = readFileSync('/proc/self/maps', 'utf8').match(
    /\S*(onnxruntime|tensorflow|tfjs_binding|sharp|libvips)\S*/g,
  );
  assert.deepEqual([...new Set(found)], [], 'native libraries in the extension host');
}
