/** Words that travel with a page or a file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutFolders, withoutOptions } from '../../../src/base/user-error';

test('of absolute paths in a message the last name is left, on every system', () => {
  const message = 'The data of this run cannot be read. /home/someone/tables/a.csv: no such file';
  assert.equal(withoutFolders(message), 'The data of this run cannot be read. a.csv: no such file');
  assert.equal(withoutFolders('C:\\Users\\someone\\flow.pt: is cut off'), 'flow.pt: is cut off');
});

test('what only looks like a path stays', () => {
  for (const words of ['3.2 bits/dim, a/b/c', 'see https://example.org/a/b', '1 / 2 / 3'])
    assert.equal(withoutFolders(words), words);
});

test('a window is told nothing of options and of fields of a config', () => {
  assert.equal(
    withoutOptions(
      'Fill it in, leave out rows with gaps (--missing drop, data.missing "drop"), or add some (a few).',
    ),
    'Fill it in, leave out rows with gaps, or add some (a few).',
  );
  assert.equal(
    withoutOptions('a.csv: there is no value. Leave the column out (--exclude, data.exclude).'),
    'a.csv: there is no value. Leave the column out.',
  );
  assert.equal(
    withoutOptions('Not possible: config: model.dim: expected at least 2 features.'),
    'Not possible: expected at least 2 features.',
  );
});
