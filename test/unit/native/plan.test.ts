/** What installing native TensorFlow would do, on every platform, is what the ladder does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkTrusted } from '../../../src/native/checksums';
import { plannedPlatforms, planFor } from '../../../src/native/plan';
import { wheelPlans } from '../../../src/native/platform';

const trusting = { FLOWSCOPE_NATIVE_UNVERIFIED: '1' };

describe('the plan for native TensorFlow', () => {
  for (const key of plannedPlatforms) {
    it(`says what is downloaded on ${key}, and leaves nothing without a checksum in`, () => {
      const rungs = planFor(key, {});
      assert.deepEqual(
        rungs.map(({ name }) => name),
        ['prebuilt', 'wheel', 'onnxruntime'],
      );
      const [prebuilt, wheel, onnxruntime] = rungs;
      assert.equal(onnxruntime!.left, undefined, 'it is the last resort everywhere');
      assert.equal(wheel!.left === undefined, key in wheelPlans);
      for (const { name, left, downloads } of rungs) {
        for (const { from, sha256 } of downloads) {
          if (left === undefined) assert.match(sha256 ?? '', /^[0-9a-f]{64}$/, `${name}, ${from}`);
        }
      }
      // Those of the first rung, as the ladder itself judges them.
      const refused = prebuilt!.downloads.some(({ from }) => {
        try {
          checkTrusted(from, undefined, {});
          return false;
        } catch {
          return true;
        }
      });
      if (refused) assert.match(prebuilt!.left!, /no known checksum/);
      if (prebuilt!.downloads.length > 0) assert.equal(planFor(key, trusting)[0]!.left, undefined);
    });
  }
});
