/** What is published names addresses that follow from one place, and none that is made up. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { script } from '../support/script';

type Manifest = Record<string, unknown>;
interface Addresses {
  withAddresses(manifest: Manifest): Manifest;
}

describe('addresses of the project', () => {
  let withAddresses: Addresses['withAddresses'];
  before(async () => void ({ withAddresses } = await script<Addresses>('project-address.mjs')));

  it('are none without a repository', () => {
    for (const repository of [undefined, '', { type: 'git', url: '' }])
      assert.deepEqual(withAddresses({ name: 'flowscope', repository }), { name: 'flowscope' });
  });

  it('follow from the repository on GitHub and GitLab', () => {
    assert.deepEqual(withAddresses({ repository: { type: 'git', url: 'https://github.com/some/project' } }), {
      repository: { type: 'git', url: 'https://github.com/some/project.git' },
      homepage: 'https://github.com/some/project#readme',
      bugs: { url: 'https://github.com/some/project/issues' },
      qna: 'https://github.com/some/project/issues',
    });
    const { bugs } = withAddresses({ repository: 'https://gitlab.com/group/project.git' });
    assert.deepEqual(bugs, { url: 'https://gitlab.com/group/project/-/issues' });
  });

  it('on another host are only the repository', () => {
    const repository = 'https://git.example.org/some/project';
    assert.deepEqual(withAddresses({ repository }), { repository });
  });

  it('are nowhere else in the manifest, and the version is that of the citation', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
    for (const key of ['bugs', 'homepage', 'qna']) assert.ok(!(key in manifest), key);
    const citation = readFileSync('CITATION.cff', 'utf8');
    assert.equal(/^version: (.*)$/m.exec(citation)?.[1], manifest.version);
    const { repository } = withAddresses(manifest) as { repository?: { url: string } };
    assert.equal(/^repository-code: (.*)$/m.exec(citation)?.[1], repository?.url.replace(/\.git$/, ''));
  });
});
