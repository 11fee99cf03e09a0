import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { keysOf } from '../../src/extension/runs/training-keys';
import { backendPreferences } from '../../src/protocol/backends';
import { ours } from './ours';

interface Menu {
  command: string;
  when?: string;
}

interface Setting {
  type: string;
  scope: string;
  order: number;
  markdownDescription: string;
  default: unknown;
  enum?: string[];
  enumDescriptions?: string[];
  keywords: string[];
}

interface Manifest {
  icon: string;
  activationEvents: string[];
  extensionKind: string[];
  capabilities: Record<
    string,
    { supported: string; description: string; restrictedConfigurations?: string[] }
  >;
  contributes: {
    commands: { command: string; title: string; category: string; icon?: string; enablement?: string }[];
    menus: Record<string, Menu[]>;
    languages: { id: string; extensions: string[]; icon: { light: string; dark: string } }[];
    customEditors: { viewType: string; priority: string; selector: { filenamePattern: string }[] }[];
    viewsContainers: { activitybar: { id: string; icon: string }[] };
    views: Record<string, { id: string }[]>;
    viewsWelcome: { view: string; contents: string }[];
    configuration: { title: string; order: number; properties: Record<string, Setting> }[];
    jsonValidation: { fileMatch: string; url: string }[];
    walkthroughs: {
      id: string;
      steps: { description: string; media: { svg: string }; completionEvents: string[] }[];
    }[];
  };
}

describe('the manifest', () => {
  let manifest: Manifest;
  let texts: Record<string, string>;
  let commandIds: string[];
  const file = (name: string) => path.join(ours().extensionPath, name);
  const raw = () => JSON.parse(readFileSync(file('package.json'), 'utf8')) as Manifest;

  before(async () => {
    await ours().activate();
    manifest = raw();
    texts = JSON.parse(readFileSync(file('package.nls.json'), 'utf8')) as Record<string, string>;
    commandIds = manifest.contributes.commands.map(({ command }) => command);
  });

  it('has a handler for every command, and a title with the category', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    for (const { command, title, category } of manifest.contributes.commands) {
      assert.ok(registered.has(command), `${command} is registered`);
      assert.equal(category, 'Flowscope');
      assert.ok(texts[title.replaceAll('%', '')], `${command} has a title`);
    }
  });

  it('names every text that it uses, and uses every text that it names', () => {
    const used = new Set(
      JSON.stringify(manifest)
        .match(/%[a-z][\w.]*%/gi)
        ?.map((key) => key.slice(1, -1)),
    );
    assert.deepEqual([...used].sort(), Object.keys(texts).sort());
  });

  it('shows only commands of its own in menus', () => {
    for (const [menu, entries] of Object.entries(manifest.contributes.menus)) {
      for (const { command } of entries) assert.ok(commandIds.includes(command), `${command} in ${menu}`);
    }
  });

  it('offers to pause, steer and stop only where something is training', () => {
    const keys = [...Object.keys(keysOf([])), 'flowscope.training'];
    const { commandPalette } = manifest.contributes.menus;
    const whenOf = (id: string) =>
      commandPalette!.find(({ command }) => command === `flowscope.${id}`)?.when ??
      manifest.contributes.commands.find(({ command }) => command === `flowscope.${id}`)?.enablement;
    const shown = ['pauseTraining', 'changeLearningRate', 'stopTraining'].map(whenOf);
    assert.deepEqual(shown, keys);
    assert.deepEqual(Object.values(keysOf(['finished', 'interrupted'])), [false, false]);
    assert.deepEqual(Object.values(keysOf(['paused'])), [false, true]);
    assert.deepEqual(Object.values(keysOf(['paused', 'running'])), [true, true]);
  });

  it('links only to commands that exist', async () => {
    const registered = new Set(await vscode.commands.getCommands(false));
    const texted = Object.values(texts).join('\n');
    for (const [, command] of texted.matchAll(/\(command:([\w.]+)/g)) {
      assert.ok(registered.has(command!) || /^workbench\.trust\.manage$/.test(command!), command);
    }
  });

  it('opens its own files by default and others on request', () => {
    const priorities = manifest.contributes.customEditors.flatMap(({ viewType, priority, selector }) =>
      selector.map(({ filenamePattern }) => `${filenamePattern} ${viewType} ${priority}`),
    );
    assert.deepEqual(priorities, [
      '*.flow.safetensors flowscope.inspector default',
      '*.flowrec.safetensors flowscope.inspector default',
      '*.safetensors flowscope.model option',
      '*.onnx flowscope.model option',
      '*.pt flowscope.model option',
      '*.pth flowscope.model option',
      '*.ckpt flowscope.model option',
      '*.pt2 flowscope.model option',
      '*.distcp flowscope.model option',
      '*.pt.tar flowscope.model option',
      '*.pth.tar flowscope.model option',
      '*.keras flowscope.model option',
      '*.h5 flowscope.model option',
      '*.hdf5 flowscope.model option',
      '*.eqx flowscope.model option',
      '*.npz flowscope.model option',
      '*.pkl flowscope.model option',
      '*.pickle flowscope.model option',
    ]);
  });

  it('gives the files of its own an icon, under a name that VS Code knows', async () => {
    const [checkpoint, ...others] = manifest.contributes.languages;
    assert.deepEqual(others, []);
    assert.ok((await vscode.languages.getLanguages()).includes(checkpoint!.id));
    const patterns = manifest.contributes.customEditors.find(({ priority }) => priority === 'default')!;
    assert.deepEqual(
      checkpoint!.extensions.map((extension) => `*${extension}`),
      patterns.selector.map(({ filenamePattern }) => filenamePattern),
    );
    for (const icon of Object.values(checkpoint!.icon)) assert.ok(existsSync(file(icon)), icon);
  });

  it('ships every picture and schema that it names', () => {
    const { viewsContainers, walkthroughs, jsonValidation } = manifest.contributes;
    const pictures = [
      manifest.icon,
      ...viewsContainers.activitybar.map(({ icon }) => icon),
      ...walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
      ...jsonValidation.map(({ url }) => url),
    ];
    for (const picture of pictures) assert.ok(existsSync(file(picture)), picture);
    const png = readFileSync(file(manifest.icon));
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.ok(
      png.readUInt32BE(16) >= 128 && png.readUInt32BE(16) === png.readUInt32BE(20),
      'size of the icon',
    );
  });

  it('teaches in five steps, each with something to do', () => {
    const [walkthrough, ...others] = manifest.contributes.walkthroughs;
    assert.equal(others.length, 0);
    assert.equal(walkthrough?.steps.length, 5);
    for (const { description } of walkthrough.steps) {
      assert.match(texts[description.replaceAll('%', '')]!, /\]\(command:/);
    }
  });

  it('groups the settings, each with a default, a description, a scope and words to find it by', () => {
    const groups = manifest.contributes.configuration;
    assert.deepEqual(
      groups.map(({ title, order }) => `${order} ${texts[title.replaceAll('%', '')]}`),
      ['1 Training', '2 Computation', '3 Model Files'],
    );
    const settings = vscode.workspace.getConfiguration();
    for (const { properties } of groups) {
      const entries = Object.entries(properties);
      assert.deepEqual(
        entries.map(([, { order }]) => order),
        entries.map((_, index) => index + 1),
      );
      for (const [key, setting] of entries) {
        assert.ok(setting.scope, `${key} has a scope`);
        const description = texts[setting.markdownDescription.replaceAll('%', '')];
        assert.ok(description, `${key} has a description`);
        assert.match(description, /^[A-Z].*\.$/s);
        assert.equal(
          setting.enumDescriptions?.length,
          setting.enum?.length,
          `each value of ${key} is described`,
        );
        assert.ok(
          setting.keywords.includes('normalizing flow'),
          `${key} is found by what the extension is about`,
        );
        assert.deepEqual(settings.inspect(key)?.defaultValue, setting.default);
        if (key === 'flowscope.backend') assert.deepEqual(setting.enum, backendPreferences);
      }
    }
    // A folder whose libraries are loaded must not come from a workspace.
    const all = Object.assign({}, ...groups.map(({ properties }) => properties)) as Record<string, Setting>;
    assert.equal(all['flowscope.nativeFolder']?.scope, 'machine');
  });

  it('works, with limits, without trust and without a disk', () => {
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    assert.equal(untrustedWorkspaces?.supported, 'limited');
    assert.deepEqual(untrustedWorkspaces.restrictedConfigurations, [
      'flowscope.nativeFolder',
      'flowscope.python',
    ]);
    assert.equal(virtualWorkspaces?.supported, 'limited');
    for (const id of ['train', 'trainConfig', 'resumeTraining']) {
      const command = manifest.contributes.commands.find(({ command }) => command === `flowscope.${id}`) as {
        enablement?: string;
      };
      assert.match(command.enablement ?? '', /isWorkspaceTrusted && !virtualWorkspace/);
    }
    assert.deepEqual(manifest.extensionKind, ['workspace']);
  });

  it('is activated by what it contributes, by configs in the workspace, and by panels that come back after a reload', () => {
    assert.deepEqual(manifest.activationEvents, [
      'workspaceContains:**/*.flow.json',
      'onWebviewPanel:flowscope.dataPreview',
      'onWebviewPanel:flowscope.drawData',
    ]);
  });
});
