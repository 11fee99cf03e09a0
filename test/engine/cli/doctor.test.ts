/** A diagnosis of the machine runs nothing of the folder that it is called in. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { put, temporaryFolder } from '../../unit/support/temporary';
import { start } from './flowscope';

const folder = temporaryFolder();

/** Code of a folder that leaves a mark where it runs. */
function trap(name: string, files: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const at = path.join(folder, name);
  const mark = path.join(at, 'RAN');
  for (const file of files) {
    const text = file.endsWith('.py')
      ? `open(${JSON.stringify(mark)}, "w")\n`
      : file.endsWith('.js')
        ? `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')\n`
        : `#!/bin/sh\ntouch '${mark}'\n`;
    chmodSync(put(at, file, text), 0o755);
  }
  return { at, mark, env };
}

const here = (variable: string) => ({
  [variable]: ['.', '', process.env[variable] ?? ''].join(path.delimiter),
});

const traps = [
  trap('module', ['pip.py', 'runpy.py']),
  trap('package', ['pip/__init__.py', 'pip/__main__.py']),
  trap('python path', ['pip.py', 'sitecustomize.py', 'usercustomize.py'], here('PYTHONPATH')),
  trap('packages', [
    'sharp/index.js',
    'onnxruntime-node/index.js',
    'node_modules/sharp/index.js',
    'node_modules/onnxruntime-node/index.js',
  ]),
  ...(process.platform === 'win32'
    ? []
    : [trap('programs', ['python3', 'python', 'py', 'g++', 'clang++', 'c++'], here('PATH'))]),
];

interface Line {
  name: string;
  value: string;
}

async function doctor(cwd: string, env: NodeJS.ProcessEnv): Promise<Line[]> {
  const args = ['doctor', '--json', '--backend', 'onnxruntime'];
  const { code, stdout, stderr } = await start(args, { cwd, env }).ended;
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { lines: Line[] }).lines;
}

const expected = doctor(folder, {});

for (const { at, mark, env } of traps) {
  test(`doctor runs nothing of a folder with traps: ${path.basename(at)}`, async () => {
    const lines = await doctor(at, env);
    assert.equal(existsSync(mark), false, 'something of the folder ran');
    assert.deepEqual(lines, await expected, 'what the machine has is found all the same');
  });
}
