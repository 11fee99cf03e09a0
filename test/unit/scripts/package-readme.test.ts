/** The pages of the packages: what becomes of its links and pictures, and what the check of the package finds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { script } from '../support/script';

interface Readme {
  readmeSources: Record<'extension' | 'npm', string>;
  packageReadme(markdown: string, repository?: unknown): string;
  readmeProblems(markdown: string): string[];
}

const source = `# Title

![A plane](screenshots/plane.png)

| ![One](screenshots/one.png) | ![Two](screenshots/two.png) |

See [the data](data.md#tables), [a change](../CHANGELOG.md) and [the paper](https://arxiv.org/abs/1605.08803).
[![Pictured](screenshots/one.png)](data.md)
![From elsewhere](https://example.org/a.png) [below](#title)
`;

describe('the pages of the packages', () => {
  let readme: Readme;
  before(async () => void (readme = await script<Readme>('package-readme.mjs')));

  it('leaves out relative pictures and keeps the text of relative links without a repository', () => {
    assert.equal(
      readme.packageReadme(source),
      `# Title

|  |  |

See the data, a change and [the paper](https://arxiv.org/abs/1605.08803).

![From elsewhere](https://example.org/a.png) [below](#title)
`,
    );
  });

  it('makes them absolute with one', () => {
    const web = 'https://github.com/some/project';
    const expected = `# Title

![A plane](${web}/raw/HEAD/docs/screenshots/plane.png)

| ![One](${web}/raw/HEAD/docs/screenshots/one.png) | ![Two](${web}/raw/HEAD/docs/screenshots/two.png) |

See [the data](${web}/blob/HEAD/docs/data.md#tables), [a change](${web}/blob/HEAD/CHANGELOG.md) and [the paper](https://arxiv.org/abs/1605.08803).
[![Pictured](${web}/raw/HEAD/docs/screenshots/one.png)](${web}/blob/HEAD/docs/data.md)
![From elsewhere](https://example.org/a.png) [below](#title)
`;
    for (const repository of [
      web,
      `${web}/`,
      'github:some/project',
      'git@github.com:some/project.git',
      { type: 'git', url: `git+${web}.git` },
    ])
      assert.equal(readme.packageReadme(source, repository), expected);
  });

  it('knows the addresses of GitLab, and makes none up for other hosts', () => {
    const link = '[the data](data.md)';
    assert.equal(
      readme.packageReadme(link, 'https://gitlab.com/group/inner/project.git'),
      '[the data](https://gitlab.com/group/inner/project/-/blob/HEAD/docs/data.md)',
    );
    assert.equal(readme.packageReadme(link, 'https://git.example.org/some/project'), 'the data');
  });

  it('is packed without a problem, with and without a repository', () => {
    for (const [name, says] of [
      ['extension', /Install from VSIX/],
      ['npm', /npx flowscope/],
    ] as const) {
      const page = readFileSync(readme.readmeSources[name], 'utf8');
      for (const repository of [undefined, 'https://github.com/some/project']) {
        const packed = readme.packageReadme(page, repository);
        assert.deepEqual(readme.readmeProblems(packed), []);
        assert.ok(!packed.includes('\0') && !/\(\s*\)|\[\s*\]/.test(packed));
        assert.match(packed, says);
      }
    }
  });

  it('is refused with what does not work there', () => {
    const problems = (markdown: string) => readme.readmeProblems(markdown).length;
    assert.equal(
      problems('[text](https://example.org) ![picture](https://example.org/a.png) [below](#title)'),
      0,
    );
    for (const bad of [
      '[text](docs/data.md)',
      '![picture](a.png)',
      '[![picture](https://example.org/a.png)](docs/data.md)',
      '[text][one]\n\n[one]: docs/data.md',
      '<img src="a.png">',
      '<a href=docs/data.md>text</a>',
      '![picture](https://example.org/a.svg)',
      '<svg></svg>',
      'Run `npm start`.',
    ])
      assert.equal(problems(bad), 1, bad);
    // The page of the repository is not that of the extension.
    assert.ok(problems(readFileSync('README.md', 'utf8')) > 10);
  });
});
