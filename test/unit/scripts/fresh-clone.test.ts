/** The commands of a fresh clone start before its packages are installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

describe('without node_modules', () => {
  let folder = '';
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-fresh-'));
    fs.cpSync('scripts', path.join(folder, 'scripts'), { recursive: true });
  });
  after(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  // The folder has no lockfile, so neither command gets further than to the installation.
  for (const command of ['test', 'start']) {
    it(`npm ${command} gets as far as installing them`, () => {
      const { stdout, stderr } = spawnSync(process.execPath, [path.join('scripts', `${command}.mjs`)], {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.match(stdout + stderr, /installing the packages of package-lock\.json/);
    });
  }
});
