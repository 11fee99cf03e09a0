/** Trainings as the commands start them, in engine processes of their own. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, platform } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import * as vscode from 'vscode';
import { api, assertNothingNative, workspaceFolder } from './ours';
import { until } from '../inspector/until';

interface RunJson {
  status: string;
  step: number;
  message?: string;
}

const folderOf = (run: string) => path.join(workspaceFolder().fsPath, ...run.split('/'));
const read = (run: string): RunJson | undefined => {
  try {
    return JSON.parse(readFileSync(path.join(folderOf(run), 'run.json'), 'utf8')) as RunJson;
  } catch {
    return undefined;
  }
};
const ended = (run: string) =>
  until(`the end of ${run}`, () => read(run)?.status !== 'running' && read(run), 60_000);
const idle = async () => {
  const flowscope = await api();
  await until('the engines of trainings to end', () => flowscope.enginePids().trainings.length === 0, 60_000);
};

describe('training', function () {
  this.timeout(180_000);

  afterEach(async () => {
    for (const run of ['lag', 'moons', 'circles'])
      await vscode.commands.executeCommand(
        'flowscope.stopTraining',
        vscode.Uri.file(folderOf(`runs/${run}`)),
      );
    await idle();
  });

  it('leaves the host responsive, shows progress, and saves when stopped', async () => {
    const flowscope = await api();
    await vscode.commands.executeCommand('flowscope.train', { data: 'digits', output: 'runs/lag' });
    const shown = await until(
      'a loss in the status bar',
      () => /bits\/dim/.test(flowscope.statusBarText() ?? '') && flowscope.statusBarText(),
      90_000,
    );
    assert.match(shown, /lag (\d+%|step \d+) · \d\.\d{3} bits\/dim/);
    const { trainings } = flowscope.enginePids();
    assert.equal(trainings.length, 1);
    if (platform() !== 'win32') assert.ok(getPriority(trainings[0]) > 0);

    const resolution = 5;
    const delay = monitorEventLoopDelay({ resolution });
    delay.enable();
    await pause(4000);
    delay.disable();
    const milliseconds = (percent: number) => Math.max(0, delay.percentile(percent) / 1e6 - resolution);
    const lag = { p50: milliseconds(50), p99: milliseconds(99), max: delay.max / 1e6 - resolution };
    console.log(`      event-loop lag while training: ${JSON.stringify(lag)} ms`);
    report('host-lag.json', lag);
    // Promised are 50 ms; the machines of CI have two cores, which the training takes.
    assert.ok(lag.p99 <= 100, `p99 ${lag.p99} ms`);
    assertNothingNative();

    await vscode.commands.executeCommand('flowscope.stopTraining');
    assert.equal(flowscope.statusBarText(), undefined);
    const { status, step } = await ended('runs/lag');
    assert.equal(status, 'stopped');
    assert.ok(step > 0);
    await vscode.workspace.fs.stat(
      vscode.Uri.file(path.join(folderOf('runs/lag'), 'checkpoints', 'last.flow.safetensors')),
    );
  });

  it('goes on where it stopped', async () => {
    const before = read('runs/lag')!;
    await vscode.commands.executeCommand('flowscope.resumeTraining', vscode.Uri.file(folderOf('runs/lag')));
    await until('more steps', () => (read('runs/lag')?.step ?? 0) > before.step, 90_000);
    await vscode.commands.executeCommand('flowscope.stopTraining');
    const after = await ended('runs/lag');
    assert.ok(after.step > before.step, `${after.step} after ${before.step}`);
    const steps = readFileSync(path.join(folderOf('runs/lag'), 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { step: number }).step);
    assert.deepEqual(
      steps,
      [...new Set(steps)].sort((a, b) => a - b),
      'steps ascend and none is written twice',
    );
  });

  it('survives the death of its engine, and the run can be resumed', async () => {
    const flowscope = await api();
    await vscode.commands.executeCommand('flowscope.resumeTraining', vscode.Uri.file(folderOf('runs/lag')));
    const [pid] = await until(
      'an engine',
      () => {
        const { trainings } = flowscope.enginePids();
        return /\d%/.test(flowscope.statusBarText() ?? '') && trainings.length > 0 && trainings;
      },
      90_000,
    );
    process.kill(pid!, 'SIGKILL');
    await idle();
    assert.equal(flowscope.statusBarText(), undefined, 'the status bar does not go on showing it');
    await vscode.workspace.fs.stat(
      vscode.Uri.file(path.join(folderOf('runs/lag'), 'checkpoints', 'last.flow.safetensors')),
    );
  });

  it('runs two at once, each to its end', async () => {
    const flowscope = await api();
    for (const data of ['moons', 'circles'])
      await vscode.commands.executeCommand('flowscope.train', { data, output: `runs/${data}`, maxSteps: 60 });
    assert.equal(flowscope.enginePids().trainings.length, 2);
    for (const run of ['runs/moons', 'runs/circles']) assert.equal((await ended(run)).step, 60);
  });

  it('takes a config file, and saves what was typed into it first', async () => {
    const config = vscode.Uri.joinPath(workspaceFolder(), 'mine.flow.json');
    const text = {
      data: { source: 'spirals' },
      model: { kind: 'vector', dim: 2, couplings: 3 },
      training: { steps: 7 },
    };
    await vscode.workspace.fs.writeFile(config, new TextEncoder().encode(JSON.stringify(text)));
    const document = await vscode.workspace.openTextDocument(config);
    await vscode.window.showTextDocument(document);
    const edit = new vscode.WorkspaceEdit();
    const at = document.getText().indexOf('7');
    edit.replace(config, new vscode.Range(document.positionAt(at), document.positionAt(at + 1)), '9');
    await vscode.workspace.applyEdit(edit);
    await vscode.commands.executeCommand('flowscope.trainConfig', config, { output: 'runs/mine' });
    const { status, step } = await ended('runs/mine');
    assert.deepEqual([status, step], ['finished', 9]);
  });

  it('says what is wrong with a config, and writes nothing', async () => {
    const config = vscode.Uri.joinPath(workspaceFolder(), 'wrong.flow.json');
    await vscode.workspace.fs.writeFile(
      config,
      new TextEncoder().encode(
        '{"data": {"source": "moons"}, "model": {"kind": "vector", "couplings": "two"}}',
      ),
    );
    await vscode.commands.executeCommand('flowscope.trainConfig', config, { output: 'runs/wrong' });
    await idle();
    assert.equal(read('runs/wrong'), undefined);
  });

  it('does not write into a folder that holds a run', async () => {
    const before = JSON.stringify(read('runs/lag'));
    await vscode.commands.executeCommand('flowscope.train', {
      data: 'moons',
      output: 'runs/lag',
      maxSteps: 5,
    });
    const flowscope = await api();
    assert.equal(flowscope.enginePids().trainings.length, 0);
    assert.equal(JSON.stringify(read('runs/lag')), before);
  });
});

function report(name: string, value: unknown): void {
  const folder = path.join(process.env['FLOWSCOPE_TEST_ROOT']!, 'artifacts');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
}
