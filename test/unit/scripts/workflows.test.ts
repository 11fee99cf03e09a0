/** The files under .github, as far as they can be checked here: they parse, and what they run exists. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { script } from '../support/script';

interface Step {
  uses?: string;
  run?: string;
  id?: string;
  if?: string;
}
interface Workflow {
  permissions?: object;
  jobs: Record<string, { steps: Step[]; 'timeout-minutes'?: number }>;
}

const folder = '.github/workflows';
const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(path.join(folder, name), 'utf8');
  return { name, text, parsed: parse(text) as Workflow };
});
const steps = workflows.flatMap(({ name, parsed }) =>
  Object.entries(parsed.jobs).flatMap(([job, { steps: list }]) =>
    list.map((step) => ({ where: `${name}, ${job}`, ...step })),
  ),
);

describe('workflows', () => {
  it('run scripts that exist', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    let found = 0;
    for (const { where, run = '' } of steps) {
      for (const [, name] of run.matchAll(/\bnpm run ([\w:-]+)/g)) {
        assert.ok(name! in manifest.scripts, `${where}: npm run ${name}`);
        found++;
      }
      for (const [, name] of run.matchAll(/(?:\bnode |^)((?:scripts\/|\.ci\/)\S+)/gm)) {
        assert.ok(existsSync(name!), `${where}: ${name}`);
        found++;
      }
    }
    assert.ok(found > 8, `only ${found} scripts`);
  });

  it('pin every action to a commit, with its version', () => {
    const lines = workflows.flatMap(({ text }) => text.match(/uses: .*/g) ?? []);
    assert.ok(lines.length > 10);
    for (const line of lines) assert.match(line, /^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('give no more rights than a job needs', () => {
    for (const { name, parsed } of workflows)
      assert.deepEqual(parsed.permissions, { contents: 'read' }, name);
  });

  it('publish nothing without its settings', () => {
    const { jobs } = workflows.find(({ name }) => name === 'release.yml')!.parsed;
    for (const job of ['marketplace', 'open-vsx', 'npm', 'pypi']) {
      const list = jobs[job]!.steps;
      const ready = list.findIndex(({ id }) => id === 'set-up');
      assert.match(list[ready]!.run!, /::notice title=.*Skipped/);
      for (const step of list.slice(ready + 1)) assert.equal(step.if, 'steps.set-up.outputs.ready', job);
    }
  });
});

describe('an expression of a workflow', () => {
  type Evaluate = (expression: string, context: object) => unknown;
  let evaluate: Evaluate;
  before(async () => void ({ evaluate } = await script<{ evaluate: Evaluate }>('run-workflow.mjs')));

  it('has the value that GitHub gives it', () => {
    const context = {
      needs: { build: { outputs: { channel: 'stable' } } },
      steps: { 'set-up': { outputs: {} } },
    };
    const channel = 'needs.build.outputs.channel';
    assert.equal(evaluate(`${channel} == 'stable'`, context), true);
    assert.equal(evaluate(`${channel} == 'pre-release' && '--pre-release' || ''`, context), '');
    assert.equal(evaluate(`${channel} == 'stable' && 'latest' || 'next'`, context), 'latest');
    assert.equal(evaluate('steps.set-up.outputs.ready', context), '');
    assert.equal(evaluate('failure()', context), false);
    assert.throws(() => evaluate('contains(a, b)', context), /not understood/);
  });
});

describe('issue forms', () => {
  const forms = '.github/ISSUE_TEMPLATE';
  it('parse and ask for something', () => {
    const names = readdirSync(forms).filter((name) => name !== 'config.yml');
    assert.deepEqual(names.sort(), ['bug.yml', 'checkpoint.yml', 'feature.yml']);
    for (const name of names) {
      const form = parse(readFileSync(path.join(forms, name), 'utf8')) as {
        name: string;
        description: string;
        body: { id: string; type: string; attributes: { label: string } }[];
      };
      assert.ok(form.name && form.description, name);
      const ids = form.body.map(({ id, type, attributes }) => {
        assert.match(type, /^(textarea|input)$/);
        assert.ok(attributes.label);
        return id;
      });
      assert.equal(new Set(ids).size, ids.length);
    }
  });
});

describe('a release', () => {
  interface Release {
    channelOf(tag: string, version: string): string;
    changesOf(changelog: string, version: string): string;
  }
  let release: Release;
  before(async () => void (release = await script<Release>('release.mjs')));

  it('has the channel of its tag, which is of the version', () => {
    assert.equal(release.channelOf('v1.2.3', '1.2.3'), 'stable');
    assert.equal(release.channelOf('v1.2.3-pre', '1.2.3'), 'pre-release');
    assert.throws(() => release.channelOf('v1.2.4', '1.2.3'), /is not of version 1\.2\.3/);
    assert.throws(() => release.channelOf('1.2.3', '1.2.3'), /is not of the form/);
    assert.throws(() => release.channelOf('v1.2.3-beta', '1.2.3'), /is not of the form/);
  });

  it('is one of the Python package too', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const source = readFileSync('python/flowscope/__init__.py', 'utf8');
    assert.equal(/^__version__ = "(.*)"$/m.exec(source)?.[1], version);
  });

  it('has the notes of the changelog', () => {
    const changelog = '# Changelog\n\n## 1.1.0\n\n- new\n\n## 1.0.0\n\n- old\n';
    assert.equal(release.changesOf(changelog, '1.1.0'), '- new');
    assert.equal(release.changesOf(changelog, '1.0.0'), '- old');
    assert.throws(() => release.changesOf(changelog, '2.0.0'), /has no section/);
  });
});
