import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { assertNothingNative, ours } from './ours';
import { patience, until } from '../inspector/until';

/** The promise. Of processor time, which takes longer too where other programs share a processor's parts. */
const mostMilliseconds = patience(50);

describe('activation', () => {
  it('takes next to no time and loads nothing that computes', async () => {
    const extension = ours();
    assert.equal(extension.isActive, false, 'nothing activates it before it is needed');
    await untilQuiet();
    const started = performance.now();
    const before = process.cpuUsage();
    await extension.activate();
    const { user, system } = process.cpuUsage(before);
    const elapsed = performance.now() - started;
    const used = (user + system) / 1000;
    console.log(`      activated in ${elapsed.toFixed(1)} ms, ${used.toFixed(1)} ms of them computing`);
    assert.ok(used < mostMilliseconds, `${used.toFixed(1)} ms`);
    assertNothingNative();
  });
});

/** A host that has just started is busy with itself and with other extensions. */
async function untilQuiet(): Promise<void> {
  await until('a host at rest', async () => {
    const before = process.cpuUsage();
    await pause(500);
    const { user, system } = process.cpuUsage(before);
    return user + system < 25_000;
  });
}
