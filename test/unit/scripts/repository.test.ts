/** What is in the repository: no picture that no page shows, and no more than 25 MB. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(file));

test('every picture of the docs is shown by a page', () => {
  const pages = [...tracked.filter((file) => /^docs\/[^/]*\.md$/.test(file)), 'README.md'];
  const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n');
  const pictures = tracked.filter((file) => /^docs\/.*\.(png|gif|svg|jpe?g|webp)$/.test(file));
  const shown = pictures.filter((file) => text.includes(path.posix.basename(file)));
  assert.ok(shown.length > 10);
  assert.deepEqual(
    pictures.filter((file) => !shown.includes(file)),
    [],
  );
});

test('all files together have at most 25 MB', () => {
  const bytes = tracked.reduce((sum, file) => sum + statSync(file).size, 0);
  assert.ok(
    bytes <= 25e6,
    `${(bytes / 1e6).toFixed(1)} MB: what a script makes in seconds is made, not stored`,
  );
});
