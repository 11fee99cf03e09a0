/** The bill of materials: what npm lists, without what is not shipped. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { script } from '../support/script';

interface Component {
  'bom-ref': string;
  name: string;
  version: string;
  scope: string;
}
interface Document {
  metadata: { component: object; tools?: object[] };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}
interface Sbom {
  onlyShipped(all: Document, manifest: object, packages: { name: string; version: string }[]): Document;
}

const component = (name: string): Component => ({
  'bom-ref': `${name}@1.0.0`,
  name,
  version: '1.0.0',
  scope: 'optional',
});

const all: Document = {
  metadata: { component: { name: 'checkout' }, tools: [{ name: 'cli' }] },
  components: ['shipped', 'inner', 'tool'].map(component),
  dependencies: [
    { ref: 'flowscope@2.0.0', dependsOn: ['shipped@1.0.0', 'tool@1.0.0'] },
    { ref: 'shipped@1.0.0', dependsOn: ['inner@1.0.0', 'tool@1.0.0'] },
    { ref: 'inner@1.0.0' },
    { ref: 'tool@1.0.0', dependsOn: ['inner@1.0.0'] },
  ],
};
const manifest = { name: 'flowscope', version: '2.0.0', description: 'Flows.', license: 'MIT' };

describe('the bill of materials', () => {
  let sbom: Sbom;
  before(async () => void (sbom = await script<Sbom>('sbom.mjs')));

  it('names what is shipped and how it depends on each other', () => {
    const packages = ['inner', 'shipped'].map((name) => ({ name, version: '1.0.0' }));
    const { metadata, components, dependencies } = sbom.onlyShipped(all, manifest, packages);
    assert.deepEqual(
      components.map(({ name, scope }) => [name, scope]),
      [
        ['shipped', 'required'],
        ['inner', 'required'],
      ],
    );
    assert.deepEqual(dependencies, [
      { ref: 'flowscope@2.0.0', dependsOn: ['shipped@1.0.0', 'inner@1.0.0'] },
      { ref: 'shipped@1.0.0', dependsOn: ['inner@1.0.0'] },
      { ref: 'inner@1.0.0', dependsOn: [] },
    ]);
    assert.equal((metadata.component as { purl: string }).purl, 'pkg:npm/flowscope@2.0.0');
    assert.deepEqual(metadata.tools, all.metadata.tools);
  });

  it('refuses a package that the lockfile does not have', () => {
    const other = { name: 'shipped', version: '1.0.1' };
    assert.throws(() => sbom.onlyShipped(all, manifest, [other]), /lacks shipped 1\.0\.1/);
  });
});
