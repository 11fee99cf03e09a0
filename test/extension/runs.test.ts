import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { lockOfThisProcess } from '../../src/config/train-lock';
import { copyRunPath, problemWithName, renameRun, trashRun } from '../../src/extension/commands/manage-run';
import { pauseTraining } from '../../src/extension/commands/steer';
import { bestOf } from '../../src/extension/targets/targets';
import { resumeTraining } from '../../src/extension/commands/train';
import { findRuns } from '../../src/extension/runs/find-runs';
import { findOtherRuns } from '../../src/extension/runs/other-runs';
import { exists, readCheckpoints, readRun, runOfCheckpoint } from '../../src/extension/runs/run-files';
import { RunsProvider } from '../../src/extension/runs/runs-view';
import { TrainingKeys } from '../../src/extension/runs/training-keys';
import { problemWithRun } from '../../src/extension/training/run-name';
import type { Services } from '../../src/extension/services/services';
import type { TrainRequest } from '../../src/protocol/engine';
import { until } from '../inspector/until';
import { closeAll, openInspectors, ours, workspaceFolder } from './ours';

/** What is asked or said while something runs, with the same answer to each of it. */
async function answering(
  how: 'showWarningMessage' | 'showInformationMessage',
  answer: ((text: string, yes: string) => string) | undefined,
  run: () => Promise<void>,
): Promise<string[]> {
  const before = vscode.window[how];
  const asked: string[] = [];
  vscode.window[how] = (text: string, ...rest: unknown[]) => {
    asked.push(text);
    return Promise.resolve(answer?.(text, rest.at(-1) as string) as never);
  };
  try {
    await run();
  } finally {
    vscode.window[how] = before;
  }
  return asked;
}

const memory: vscode.Memento = {
  keys: () => [],
  get: <T>(_: string, otherwise?: T) => otherwise as T,
  update: async () => undefined,
};

describe('runs on disk', () => {
  const folder = () => vscode.Uri.joinPath(workspaceFolder(), 'runs-test');
  const write = (name: string, text: string) =>
    vscode.workspace.fs.writeFile(
      vscode.Uri.joinPath(folder(), ...name.split('/')),
      new TextEncoder().encode(text),
    );

  before(async () => {
    const best = { step: 200, nats: 92.1, bitsPerDim: 2.0762 };
    await write(
      'good/run.json',
      JSON.stringify({ status: 'finished', message: 'All steps done.', step: 300, best }),
    );
    await write('good/config.json', '{}');
    for (const name of ['step-00000100', 'step-00000300', 'best', 'last'])
      await write(`good/checkpoints/${name}.flow.safetensors`, 'x');
    await write('good/checkpoints/last.resume.safetensors', 'x');
    await write('torn/run.json', '{"status": "runn');
    await write('torn/metrics.jsonl', '');
    await write('other/run.json', '{"run": "not ours"}');
    await write('empty/run.json', JSON.stringify({ status: 'running', step: 0 }));
    await write('empty/config.json', '{}');
    await write('held/run.json', JSON.stringify({ status: 'paused', step: 40 }));
    await write('held/config.json', '{}');
  });

  after(() => vscode.workspace.fs.delete(folder(), { recursive: true }));

  it('are found, and files of others are not taken for runs', async () => {
    const found = (await findRuns(memory)).filter(({ uri }) => uri.path.includes('/runs-test/'));
    const names = found.map(({ uri, state }) => `${uri.path.split('/').at(-1)} ${state}`).sort();
    assert.deepEqual(names, ['empty running', 'good finished', 'held paused', 'torn unreadable']);
    assert.equal(found.find(({ state }) => state === 'finished')?.best?.bitsPerDim, 2.0762);
  });

  it('are not said to be missing before they were looked for', async () => {
    const keys: unknown[] = [];
    const before = vscode.commands.executeCommand;
    vscode.commands.executeCommand = ((...given: unknown[]) =>
      Promise.resolve(keys.push(given))) as typeof before;
    try {
      const provider = new RunsProvider({ workspaceState: memory } as never, () => new Set());
      const rows = provider.getChildren();
      assert.deepEqual(keys, []);
      assert.ok((await rows).length > 0);
      await until('the key', () => keys.length > 0);
    } finally {
      vscode.commands.executeCommand = before;
    }
    assert.deepEqual(keys, [['setContext', 'flowscope.runsRead', true]]);
    const { contributes } = ours().packageJSON as { contributes: { viewsWelcome: { when?: string }[] } };
    const [none] = contributes.viewsWelcome.filter(({ when }) => when?.includes('Count > 0'));
    assert.match(none!.when!, /&& flowscope\.runsRead$/);
  });

  it('count as interrupted when they say they run and have been silent', async () => {
    const file = vscode.Uri.joinPath(folder(), 'empty', 'run.json');
    assert.equal((await readRun(file))?.state, 'running');
    assert.equal((await readRun(file, Date.now() + 600_000))?.state, 'interrupted');
    const held = vscode.Uri.joinPath(folder(), 'held', 'run.json');
    assert.equal((await readRun(held))?.state, 'paused');
    assert.equal((await readRun(held, Date.now() + 600_000))?.state, 'interrupted');
  });

  it('are what their lock says, where there is one', async () => {
    const here = lockOfThisProcess(randomUUID());
    const file = vscode.Uri.joinPath(folder(), 'locked', 'run.json');
    const state = async (said: string, lock: object | string, later = 0) => {
      await write('locked/run.json', JSON.stringify({ status: said, step: 40 }));
      await write('locked/train.lock', typeof lock === 'string' ? lock : JSON.stringify(lock));
      return (await readRun(file, Date.now() + later))?.state;
    };
    // The process can be seen from here: however long it has been silent, or how fresh its files are.
    assert.equal(await state('running', here, 600_000), 'running');
    assert.equal(await state('paused', here, 600_000), 'paused');
    assert.equal(await state('stopped', here), 'running');
    const killed = { ...here, pid: 2 ** 31 - 1 };
    assert.equal(await state('running', killed), 'interrupted');
    assert.equal(await state('paused', killed), 'interrupted');
    assert.equal(await state('finished', killed), 'finished');
    // Elsewhere heartbeats count.
    const elsewhere = { ...here, host: 'far-away' };
    assert.equal(await state('running', elsewhere, 100_000), 'running');
    assert.equal(await state('running', elsewhere, 600_000), 'interrupted');
    assert.equal(await state('running', '{"pid"'), 'running');
    assert.equal(await state('running', '{"pid"', 600_000), 'interrupted');
    assert.equal(await state('finished', elsewhere, 600_000), 'finished');
  });

  it('are not resumed while another process trains them, and are asked about where it may have ended', async () => {
    const busy = vscode.Uri.joinPath(folder(), 'busy');
    const started: TrainRequest[] = [];
    const services = {
      trainings: { folders: new Set(), start: (request: TrainRequest) => started.push(request) },
    } as unknown as Services;
    const here = lockOfThisProcess(randomUUID());
    await write('busy/run.json', JSON.stringify({ status: 'running', step: 40 }));
    await write('busy/config.json', '{}');
    await write('busy/checkpoints/last.flow.safetensors', 'x');
    await write('busy/train.lock', JSON.stringify(here));
    await assert.rejects(
      resumeTraining(services, busy),
      new RegExp(`is being trained by process ${process.pid} on .* since .*Stop that one first`),
    );

    await write('busy/train.lock', JSON.stringify({ ...here, host: 'far-away' }));
    await assert.rejects(resumeTraining(services, busy), /is being trained by process \d+ on far-away/);
    const old = Date.now() / 1000 - 20 * 60;
    await utimes(path.join(busy.fsPath, 'train.lock'), old, old);
    const asked: string[] = [];
    for (const answer of [undefined, () => 'Take Over'])
      asked.push(...(await answering('showWarningMessage', answer, () => resumeTraining(services, busy))));
    assert.equal(asked.length, 2);
    assert.match(asked[0]!, /on far-away since .*, which has given no sign of life for 20 minutes/);
    assert.deepEqual(started, [{ output: busy.fsPath, resume: true, takeOver: true }]);

    // Killed, and seen to be: nothing has to be asked.
    await write('busy/train.lock', JSON.stringify({ ...here, pid: 2 ** 31 - 1 }));
    await resumeTraining(services, busy);
    assert.deepEqual(started[1], { output: busy.fsPath, resume: true, takeOver: false });
  });

  it('are shown as ended when the process that trains them is killed, though no file changes', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    const died = once(child, 'exit');
    const { start: _, ...here } = lockOfThisProcess(randomUUID());
    await write('killed/run.json', JSON.stringify({ status: 'running', step: 40 }));
    await write('killed/config.json', '{}');
    await write('killed/train.lock', JSON.stringify({ ...here, pid: child.pid }));
    const keys = new TrainingKeys();
    const told: [string, readonly string[]][] = [];
    keys.tell = (where, states) => void told.push([where, states]);
    const view = new RunsProvider(
      { workspaceState: memory } as vscode.ExtensionContext,
      () => new Set(),
      keys,
    );
    let refreshed = 0;
    view.onDidChangeTreeData(() => refreshed++);
    const stateOf = async () => {
      for (const row of await view.getChildren())
        if (row.kind === 'run' && row.run.uri.path.endsWith('/killed')) return row.run.state;
      return undefined;
    };
    assert.equal(await stateOf(), 'running');
    const [where, before] = told.at(-1)!;
    assert.equal(where, 'elsewhere');
    await view.lookElsewhere();
    assert.equal(refreshed, 0);
    child.kill('SIGKILL');
    await died;
    await view.lookElsewhere();
    assert.equal(refreshed, 1);
    assert.equal(await stateOf(), 'interrupted');
    assert.equal(told.at(-1)![1].length, before.length - 1);
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(folder(), 'killed'), { recursive: true });
  });

  it('are not asked for where a single one can be meant, and none is said without an error', async () => {
    const asked: unknown[][] = [];
    const services = {
      context: { workspaceState: memory },
      inspection: {
        use: (work: (engine: unknown) => unknown) =>
          work({ api: { control: async (...request: unknown[]) => void asked.push(request) } }),
      },
    } as unknown as Services;
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(folder(), 'locked'), { recursive: true });
    await write('empty/run.json', JSON.stringify({ status: 'running', step: 0 }));
    const empty = vscode.Uri.joinPath(folder(), 'empty').fsPath;
    const running = (await findRuns(memory)).filter(({ state }) => state === 'running');
    assert.deepEqual(
      running.map(({ uri }) => uri.fsPath),
      [empty],
    );
    await pauseTraining(services);
    assert.deepEqual(asked, [[empty, { action: 'pause' }]]);

    await write('empty/run.json', JSON.stringify({ status: 'stopped', step: 0 }));
    const said = await answering('showInformationMessage', undefined, () => pauseTraining(services));
    assert.deepEqual(said, ['No training is running.']);
    assert.equal(asked.length, 1);
    await write('empty/run.json', JSON.stringify({ status: 'running', step: 0 }));
  });

  it('are renamed and deleted, but not while they are trained', async () => {
    const known: Record<string, unknown> = {};
    const services = {
      context: {
        workspaceState: {
          get: (key: string, otherwise: unknown) => known[key] ?? otherwise,
          update: async (key: string, value: unknown) => void (known[key] = value),
        },
      },
      trainings: { folders: new Set() },
    } as unknown as Services;
    const old = vscode.Uri.joinPath(folder(), 'old name');
    const renamed = vscode.Uri.joinPath(folder(), 'new name');
    await write('old name/run.json', JSON.stringify({ status: 'finished', step: 40 }));
    await write('old name/config.json', '{}');
    assert.match((await problemWithName(old, 'good'))!, /already exists/);
    for (const name of ['', '..', 'a/b', 'a\\b', 'a\n'])
      assert.match((await problemWithName(old, name))!, /cannot be the name/);
    await assert.rejects(renameRun(services, old, 'good'), /already exists/);

    await write('old name/train.lock', JSON.stringify(lockOfThisProcess(randomUUID())));
    await assert.rejects(renameRun(services, old, 'new name'), /is being trained/);
    await assert.rejects(trashRun(services, old), /is being trained/);
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(old, 'train.lock'));

    await renameRun(services, old, 'new name');
    assert.equal(await exists(old), false);
    assert.equal((await readRun(vscode.Uri.joinPath(renamed, 'run.json')))?.state, 'finished');
    assert.deepEqual(known['flowscope.knownRuns'], [renamed.fsPath]);

    await copyRunPath(services, renamed);
    assert.equal(await vscode.env.clipboard.readText(), renamed.fsPath);

    const asked = await answering('showWarningMessage', undefined, () => trashRun(services, renamed));
    assert.deepEqual(asked, ['Move the run new name with all its checkpoints to the trash?']);
    assert.ok(await exists(renamed));
    // Where there is no trash, it is asked once more.
    await answering(
      'showWarningMessage',
      (_, yes) => yes,
      () => trashRun(services, renamed),
    );
    assert.equal(await exists(renamed), false);
    assert.deepEqual(known['flowscope.knownRuns'], []);
  });

  it('that are finished are asked how many more steps they shall train', async () => {
    const started: TrainRequest[] = [];
    const services = {
      trainings: { folders: new Set(), start: (request: TrainRequest) => started.push(request) },
    } as unknown as Services;
    const good = vscode.Uri.joinPath(folder(), 'good');
    const { showInputBox } = vscode.window;
    let box: vscode.InputBoxOptions | undefined;
    try {
      for (const answer of [undefined, '0', ' 250 ']) {
        vscode.window.showInputBox = (options?: vscode.InputBoxOptions) => {
          box = options;
          return Promise.resolve(answer);
        };
        await resumeTraining(services, good);
      }
    } finally {
      vscode.window.showInputBox = showInputBox;
    }
    assert.match(box!.prompt!, /finished after 300 steps/);
    assert.equal(box!.value, '300');
    for (const text of ['', '0', '-1', '1.5', '1e3', 'many'])
      assert.match((await box!.validateInput!(text)) as string, /Expected a whole number/, text);
    assert.equal(await box!.validateInput!('20'), undefined);
    const request = { output: good.fsPath, resume: true, takeOver: false };
    assert.deepEqual(started, [{ ...request, moreSteps: 250 }]);
  });

  it('are not begun in folders that cannot be made', async () => {
    assert.equal(await problemWithRun(path.join(folder().fsPath, 'a', 'b', 'c')), undefined);
    const file = path.join(folder().fsPath, 'good', 'config.json');
    assert.match((await problemWithRun(path.join(file, 'a')))!, /config\.json is a file/);
    assert.match((await problemWithRun(path.join(file, 'a', 'b')))!, /config\.json is a file/);
  });

  it('list checkpoints: best, last, then the newest first', async () => {
    const names = (await readCheckpoints(vscode.Uri.joinPath(folder(), 'good'))).map(
      ({ kind, step }) => `${kind} ${step}`,
    );
    assert.deepEqual(names, ['best undefined', 'last undefined', 'step 300', 'step 100']);
  });

  it('stand for their best checkpoint', async () => {
    const best = await bestOf(vscode.Uri.joinPath(folder(), 'good'));
    assert.ok(best.path.endsWith('/best.flow.safetensors'));
    assert.equal((await runOfCheckpoint(best))?.path, vscode.Uri.joinPath(folder(), 'good').path);
    await assert.rejects(bestOf(vscode.Uri.joinPath(folder(), 'empty')), /contains no checkpoint/);
  });

  it('open their best checkpoint with a click, in a tab that is named after them', async () => {
    const uri = vscode.Uri.joinPath(folder(), 'good');
    const context = { workspaceState: { get: () => [] } } as unknown as vscode.ExtensionContext;
    const provider = new RunsProvider(context, () => new Set());
    const run = (await readRun(vscode.Uri.joinPath(uri, 'run.json')))!;
    const { command } = provider.getTreeItem({ kind: 'run', run });
    await vscode.commands.executeCommand(command!.command, ...(command!.arguments as unknown[]));
    await until('the editor', () => openInspectors().includes('flowscope.inspector best.flow.safetensors'));
    await until('its name', () => vscode.window.tabGroups.activeTabGroup.activeTab?.label === 'good · best');
    await closeAll();
    const untrained = provider.getTreeItem({ kind: 'run', run: { uri, state: 'running', updated: 0 } });
    assert.equal(untrained.command, undefined);
  });

  it('of Lightning and nessai are listed with their checkpoints, newest first', async () => {
    const at = (name: string) => path.join(folder().fsPath, ...name.split('/'));
    const files = [
      'lightning_logs/version_0/checkpoints/epoch=1-step=90.ckpt',
      'lightning_logs/version_0/checkpoints/epoch=3-step=180.ckpt',
      'lightning_logs/version_10/checkpoints/last.ckpt',
      'gw/proposal/training/block_0/model.pt',
      'gw/proposal/training/block_1/model.pt',
      'elsewhere/proposal/model.pt',
    ];
    await write('gw/proposal/flow_config.json', '{"n_blocks": 4}');
    for (const [index, file] of files.entries()) {
      await write(file, 'x');
      await utimes(at(file), 1_700_000_000 + index, 1_700_000_000 + index);
    }
    const found = (await findOtherRuns()).filter(({ uri }) => uri.path.includes('/runs-test/'));
    assert.deepEqual(
      found.map(({ name, software, checkpoints }) => [name, software, checkpoints.map((one) => one.name)]),
      [
        ['gw', 'nessai', ['proposal/training/block_1/model.pt', 'proposal/training/block_0/model.pt']],
        ['lightning_logs/version_10', 'Lightning', ['checkpoints/last.ckpt']],
        [
          'lightning_logs/version_0',
          'Lightning',
          ['checkpoints/epoch=3-step=180.ckpt', 'checkpoints/epoch=1-step=90.ckpt'],
        ],
      ],
    );

    const view = new RunsProvider({ workspaceState: memory } as vscode.ExtensionContext, () => new Set());
    const rows = await view.getChildren();
    const row = rows.find((one) => one.kind === 'otherRun' && one.run.name === 'gw')!;
    assert.equal(view.getTreeItem(row).description, 'nessai · 2 checkpoints');
    const [newest] = await view.getChildren(row);
    const item = view.getTreeItem(newest!);
    assert.equal(item.command?.command, 'flowscope.openInInspector');
    assert.equal(
      (item.command.arguments?.[0] as vscode.Uri).fsPath,
      at('gw/proposal/training/block_1/model.pt'),
    );
  });
});
