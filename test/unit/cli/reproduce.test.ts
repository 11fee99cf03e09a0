/** What `flowscope reproduce` refuses, and what it finds done; its trainings take minutes. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { put, temporaryFolder } from '../support/temporary';
import { runHere } from './run-here';

const folder = temporaryFolder();
const reproduce = (...args: string[]) => runHere('reproduce', ...args, '--output', folder);

describe('reproduce', () => {
  it('refuses what has no published number, before it needs Python', async () => {
    const refusals: [string[], RegExp][] = [
      [['imagenet'], /imagenet: expected sbibm/],
      [['sbibm', '--tasks', 'two_moons,lotka'], /No number is published for lotka with 1000 simulations/],
      [['sbibm', '--simulations', '500'], /for two_moons with 500 simulations; .*1000, 10000 or 100000/],
      [['sbibm', '--tasks', 'constructor'], /No number is published for constructor/],
    ];
    for (const [args, expected] of refusals) {
      const { code, stderr } = await reproduce(...args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, expected);
    }
  });

  it('prints a task that was measured before, and says where its result is damaged', async () => {
    const cell = { task: 'slcp', simulations: 1000, preset: 'nsf', seed: 1, seconds: 240 };
    const c2st = [0.9, 0.8, 0.9, 0.8, 0.9, 0.8, 0.9, 0.8, 0.9, 0.8];
    const result = { ...cell, c2st, published: 0.975, settings: 'sbi', checkpoint: 'x', trained: 14.2 };
    const name = path.join('slcp-1000-nsf-1-240', 'result.json');
    put(folder, name, JSON.stringify(result));
    const args = ['sbibm', '--tasks', 'slcp', '--simulations', '1000'];
    const { code, stdout, stderr } = await reproduce(...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /slcp +1000 +0\.850 +0\.800 +0\.900 +0\.975 +sbi +14 s/);
    const { stdout: json } = await reproduce(...args, '--json');
    assert.deepEqual(JSON.parse(json), [result]);
    put(folder, name, JSON.stringify(result).slice(0, -5));
    assert.match((await reproduce(...args)).stderr, /result\.json:1:\d+: not valid JSON/);
  });
});
