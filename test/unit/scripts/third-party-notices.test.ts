/** Notices of the packages in the VSIX: which modules belong to which package, what is read of it, what is written. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { script } from '../support/script';
import { put, temporaryFolder } from '../support/temporary';

interface Package {
  name: string;
  version: string;
  license: string;
  homepage?: string;
  texts: { name: string; text: string }[];
}
interface Notices {
  packageFolder(module: string): string | undefined;
  describePackage(folder: string): Package;
  missingFrom(notices: string, packages: { name: string; version: string }[]): Package[];
  noticesOf(packages: Package[]): string;
}

describe('third-party notices', () => {
  let notices: Notices;
  before(async () => void (notices = await script<Notices>('third-party-notices.mjs')));
  const folder = temporaryFolder();
  const installed = (name: string, manifest: object, files: Record<string, string> = {}): Package => {
    put(folder, `${name}/package.json`, JSON.stringify({ name, version: '1.0.0', ...manifest }));
    for (const [file, text] of Object.entries(files)) put(folder, `${name}/${file}`, text);
    return notices.describePackage(path.join(folder, ...name.split('/')));
  };

  it('tells the package of a module', () => {
    for (const [module, expected] of [
      ['node_modules/fflate/esm/browser.js', 'node_modules/fflate'],
      ['node_modules/@preact/signals/dist/signals.mjs', 'node_modules/@preact/signals'],
      ['node_modules/a/node_modules/@b/c/d/e.js', 'node_modules/a/node_modules/@b/c'],
      ['src/node_modules.ts', undefined],
    ] as const)
      assert.equal(notices.packageFolder(module), expected);
  });

  it('reads license, address and every text of a package', () => {
    const repository = { url: 'git+https://example.org/one.git' };
    const one = installed(
      'one',
      { license: 'MIT', repository },
      { LICENSE: 'Copyright One', 'ThirdPartyNotices.txt': 'Contains Two', 'README.md': 'Not this' },
    );
    assert.deepEqual(one, {
      name: 'one',
      version: '1.0.0',
      license: 'MIT',
      homepage: 'https://example.org/one',
      texts: [
        { name: 'LICENSE', text: 'Copyright One' },
        { name: 'ThirdPartyNotices.txt', text: 'Contains Two' },
      ],
    });
    assert.throws(() => installed('none', {}), /none 1\.0\.0 names no license/);
  });

  it('names each package once, with its texts', () => {
    const one = installed('one', { license: 'MIT' }, { LICENSE: 'Copyright One\r\n' });
    const bare = installed('bare', { license: 'MIT', homepage: 'https://example.org/bare' });
    const text = notices.noticesOf([one, bare, one]);
    assert.equal(text.split('Copyright One\n').length, 2);
    assert.match(
      text,
      /\nbare 1\.0\.0\nLicense: MIT\nHomepage: https:\/\/example\.org\/bare\n\nThe package comes without a license text; see its homepage\.\n/,
    );
    assert.deepEqual(notices.missingFrom(text, [one, bare]), []);
    const other = { name: 'one', version: '1.0.1' };
    assert.deepEqual(notices.missingFrom(text, [one, other]), [other]);
  });

  it('adds the text of a license that a package only names, and the libraries in a native one', () => {
    const native = installed(
      '@img/native',
      { license: 'LGPL-3.0-or-later' },
      { 'README.md': '# native\n\n## Licensing\n\n| glib | LGPLv3 |\n' },
    );
    const text = notices.noticesOf([native]);
    assert.match(text, /--- native libraries ---\n\n\| glib \| LGPLv3 \|/);
    assert.match(text, /GNU LESSER GENERAL PUBLIC LICENSE/);
    assert.match(text, /GNU GENERAL PUBLIC LICENSE/);
    assert.doesNotMatch(text, /Apache License/);
    // On Windows one package has sharp's code and the libraries, with the license file of the first.
    const both = installed(
      '@img/both',
      { license: 'Apache-2.0 AND LGPL-3.0-or-later' },
      { LICENSE: 'Apache License' },
    );
    assert.match(notices.noticesOf([both]), /GNU LESSER GENERAL PUBLIC LICENSE/);
  });
});
