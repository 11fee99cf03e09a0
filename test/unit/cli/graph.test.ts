import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands/all';
import { run } from '../../../src/cli/run';
import { memoryTerminal, noSignals } from './memory-terminal';

async function graph(...args: string[]) {
  const terminal = memoryTerminal();
  const code = await run(['graph', ...args], { commands, version: '9.9.9', terminal, stopping: noSignals() });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

test('passes and what they save', async () => {
  const { code, stdout } = await graph('moons', '--function', 'step', '--backend', 'tensorflow');
  assert.equal(code, 0);
  assert.match(stdout, /^# step of the preset moons, as TensorFlow gets it; batch of 256$/m);
  assert.match(stdout, /^pass +runs +nodes +numbers written +constants +what it saves$/m);
  assert.match(stdout, /^simplify +\d+ +-[\d,]+ +-[\d,]+ /m);
  assert.doesNotMatch(stdout, /^nodes$/m);
});

test('the graph itself, before and after the passes', async () => {
  const after = await graph('moons', '--function', 'inverse', '--print');
  assert.match(after.stdout, /^# inverse of the preset moons, after the passes for every backend/);
  assert.match(after.stdout, /\nnodes\n/);
  assert.doesNotMatch(after.stdout, /^pass +runs/m);
  const before = await graph('moons', '--function', 'step', '--traced', '--batch', '7');
  assert.match(before.stdout, /^# step of the preset moons, as traced; batch of 7\n\ninputs\n/);
  assert.match(before.stdout, /x:f32\[7,2\]/);
});

test('for a program', async () => {
  const { stdout } = await graph('moons', '--json', '--print', '--batch', '1');
  const {
    traced,
    left,
    passes,
    graph: text,
  } = JSON.parse(stdout) as {
    traced: { nodes: number };
    left: { nodes: number };
    passes: { name: string; nodes: number }[];
    graph: string;
  };
  assert.equal(
    passes.reduce((sum, { nodes }) => sum - nodes, traced.nodes),
    left.nodes,
  );
  // One line a node, beside those that say where they belong.
  const lines = text.split('nodes\n')[1]!.split('outputs\n')[0]!.trimEnd().split('\n');
  assert.equal(lines.filter((line) => !line.trimStart().startsWith('#')).length, left.nodes);
});

test('what was given wrong', async () => {
  const { code, stderr } = await graph('moons', '--traced', '--passes');
  assert.equal(code, 1);
  assert.match(stderr, /--traced shows the graph before any pass; leave out --passes/);
  assert.match((await graph('tabular', '--shape', '3,x')).stderr, /--shape: expected D for vectors or H,W,C/);
  assert.match(
    (await graph('moons', '--function', 'backward')).stderr,
    /--function: expected one of forward, inverse/,
  );
});
