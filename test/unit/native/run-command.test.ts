import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { firstWorking, runCommand } from '../../../src/native/run-command';
import { put, temporaryFolder } from '../support/temporary';

const program = `console.log(JSON.stringify({
  cwd: process.cwd(), files: fs.readdirSync('.'), safe: process.env.PYTHONSAFEPATH, options: process.env.NODE_OPTIONS }))`;

interface Seen {
  cwd: string;
  files: string[];
  safe?: string;
  options?: string;
}

/** Of the scripts, which start tools before anything is built. */
async function runOfScripts(): Promise<string> {
  const { run } = (await import(pathToFileURL(path.resolve('scripts', 'run.mjs')).href)) as {
    run(command: string, args: string[], options: { quiet: boolean }): Promise<{ output: string }>;
  };
  return (await run(process.execPath, ['-e', program], { quiet: true })).output;
}

const ways: [string, () => Promise<string>][] = [
  ['a command', () => runCommand(process.execPath, ['-e', program])],
  [
    'one of several',
    async () => (await firstWorking(['no-such-program', process.execPath], ['-e', program]))!.output,
  ],
  ['a script’s tool', runOfScripts],
];

for (const [name, seenBy] of ways) {
  test(`${name} runs in an empty folder of its own, which is gone afterwards`, async () => {
    const seen = JSON.parse(await seenBy()) as Seen;
    assert.deepEqual(seen.files, []);
    assert.notEqual(path.resolve(seen.cwd), process.cwd());
    assert.equal(seen.safe, '1');
    assert.equal(existsSync(seen.cwd), false);
  });
}

test('the folder is gone after a command that fails too', async () => {
  const fails = 'fs.writeFileSync("left", ""); console.error("error: in " + process.cwd()); process.exit(3)';
  await assert.rejects(runCommand(process.execPath, ['-e', fails]), ({ message }: Error) => {
    const [, cwd] = /ended with 3: error: in (.*)$/.exec(message) ?? [];
    assert.ok(cwd, message);
    return !existsSync(cwd);
  });
});

test('a folder that is given is used and kept', async () => {
  const folder = temporaryFolder();
  put(folder, 'library', '');
  const seen = JSON.parse(await runCommand(process.execPath, ['-e', program], { cwd: folder })) as Seen;
  assert.deepEqual(seen.files, ['library']);
  assert.deepEqual(readdirSync(folder), ['library']);
});

test('Node loads nothing beforehand that its options name', async () => {
  const env = { ...process.env, NODE_OPTIONS: '--require ./hook.js' };
  const seen = JSON.parse(await runCommand(process.execPath, ['-e', program], { env })) as Seen;
  assert.equal(seen.options, undefined);
});
