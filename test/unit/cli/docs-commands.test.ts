/** Commands on the pages of the docs that no test runs: they are at least commands, with options that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseCommand } from '../../../src/cli/arguments';
import { commands } from '../../../src/cli/commands/all';
import { blocksOf, commandOf, pages } from '../support/docs-blocks';

test('every command on a page is one that the command line understands', () => {
  let found = 0;
  for (const page of pages) {
    for (const { line, text } of blocksOf(page)) {
      for (const written of text.split('\n')) {
        const [program, name, ...args] = commandOf(written) ?? [];
        if (program !== 'flowscope') continue;
        const where = `${page}:${line}: ${written}`;
        const command = commands.find((one) => one.name === name);
        assert.ok(command, where);
        assert.doesNotThrow(() => parseCommand(command, args), where);
        found++;
      }
    }
  }
  assert.ok(found > 60, `only ${found}`);
});

test('every command has a section on the page of the command line', () => {
  const page = readFileSync('docs/cli.md', 'utf8');
  for (const { name } of commands) assert.match(page, new RegExp(`^## ${name}$`, 'm'));
});
