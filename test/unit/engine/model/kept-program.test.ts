/** A program that gives its place to others runs all the same, and what was compiled is let go of once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Program } from '../../../../src/engine/backends/backend';
import { keepProgram } from '../../../../src/engine/model/flow-model';

const feeds = { x: { shape: [1], data: Float32Array.of(2) } };

/** Programs that double, run as long as `open` says, and fail once they were disposed of, as sessions do. */
function compiler() {
  const state = { compiled: 0, disposed: 0, open: () => {} };
  const compile = async (): Promise<Program> => {
    state.compiled++;
    const program = { gone: false };
    return {
      async run({ x }) {
        const stillThere = (): void => assert.equal(program.gone, false, 'disposed of before it had run');
        stillThere();
        await new Promise<void>((resolve) => (state.open = resolve));
        stillThere();
        return { y: { shape: [1], data: x!.data.map((value) => 2 * value) } };
      },
      async dispose() {
        assert.equal(program.gone, false, 'disposed of twice');
        program.gone = true;
        state.disposed++;
      },
    };
  };
  return { state, compile };
}

describe('a kept program', () => {
  it('is disposed of after the run that is under way when it is dropped', async () => {
    const { state, compile } = compiler();
    const { program, drop } = keepProgram(compile);
    const run = (await program).run(feeds);
    await turn();
    await drop();
    assert.equal(state.disposed, 0);
    state.open();
    assert.deepEqual([...(await run).y!.data], [4]);
    assert.deepEqual([state.compiled, state.disposed], [1, 1]);
  });

  it('is compiled again for whoever asked for it before it was dropped, and let go of again', async () => {
    const { state, compile } = compiler();
    const { program, drop } = keepProgram(compile);
    const compiled = await program;
    await drop();
    assert.equal(state.disposed, 1);
    const run = compiled.run(feeds);
    await turn();
    state.open();
    assert.deepEqual([...(await run).y!.data], [4]);
    assert.deepEqual([state.compiled, state.disposed], [2, 2]);
  });

  it('that is dropped while it is compiled is disposed of', async () => {
    const { state, compile } = compiler();
    const { program, drop } = keepProgram(compile);
    await drop();
    await program;
    assert.deepEqual([state.compiled, state.disposed], [1, 1]);
  });

  it('that cannot be compiled says why, and is dropped without more', async () => {
    const { program, drop } = keepProgram(() => Promise.reject(new Error('no such kernel')));
    await assert.rejects(program, /no such kernel/);
    await drop();
  });
});
