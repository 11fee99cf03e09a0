/** The check of the built docs finds what leads nowhere. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { script } from '../support/script';
import { put, temporaryFolder } from '../support/temporary';

describe('dead links', () => {
  const folder = temporaryFolder();
  it('are pages, headings and pictures that are not there', async () => {
    const { deadLinks } = await script<{ deadLinks(folder: string): [string, string][] }>('docs.mjs');
    put(folder, 'index.html', '<a href="/a.html#here">a</a> <a href="/b">b</a> <img src="./one.png">');
    put(folder, 'a.html', '<h2 id="here">A</h2> <a href="https://example.org/x">x</a> <a href="/">home</a>');
    put(folder, 'b.html', '<p>B</p>');
    put(folder, 'one.png', '');
    assert.deepEqual(deadLinks(folder), []);
    put(folder, 'b.html', '<a href="/a#gone">a</a> <a href="/c.html">c</a> <img src="two.png">');
    assert.deepEqual(deadLinks(folder), [
      ['b.html', '/a#gone'],
      ['b.html', '/c.html'],
      ['b.html', 'two.png'],
    ]);
  });
});
