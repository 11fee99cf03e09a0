/** A flow in a program that debugpy has stopped is asked by the inspector beside it. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { Workbench } from '../e2e/workbench';
import { until } from '../inspector/until';
import { api, closeAll, workspaceFolder } from './ours';

const program = `
import torch, zuko

torch.manual_seed(0)
flow = zuko.flows.NSF(2, transforms=3, hidden_features=(16,))
optimizer = torch.optim.Adam(flow.parameters(), 1e-2)
for step in range(3):
    x = torch.randn(64, 2)
    loss = -flow().log_prob(x).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("done")
`;
const stopsAt = program.split('\n').findIndex((line) => line.includes('zero_grad')) + 1;

describe('a variable of a stopped program', function () {
  this.timeout(300_000);
  const folder = () => path.join(workspaceFolder().fsPath, 'debugged');
  const file = () => path.join(folder(), 'train.py');
  const breakpoint = () =>
    new vscode.SourceBreakpoint(
      new vscode.Location(vscode.Uri.file(file()), new vscode.Position(stopsAt - 1, 0)),
    );
  const points: vscode.Breakpoint[] = [];
  /** What the program was asked to evaluate. */
  const asked: unknown[] = [];
  const tracker = vscode.debug.registerDebugAdapterTrackerFactory('*', {
    createDebugAdapterTracker: () => ({
      onWillReceiveMessage({ command, arguments: sent }: { command?: string; arguments?: unknown }) {
        if (command === 'evaluate') asked.push(sent);
      },
    }),
  });
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.connect();
    await api();
    mkdirSync(folder());
    writeFileSync(file(), program);
    const python = process.env['FLOWSCOPE_PEERS_PYTHON']!;
    points.push(breakpoint());
    vscode.debug.addBreakpoints(points);
    const launch = { type: 'debugpy', request: 'launch', name: 'train', program: file(), python: [python] };
    assert.ok(await vscode.debug.startDebugging(undefined, { ...launch, console: 'internalConsole' }));
    // The debugger and PyTorch start first.
    await until(
      'the breakpoint',
      () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame,
      90_000,
    );
  });

  after(async () => {
    await vscode.debug.stopDebugging();
    vscode.debug.removeBreakpoints(points);
    tracker.dispose();
    await closeAll();
    rmSync(folder(), { recursive: true, force: true });
    await workbench.close();
  });

  const evaluateNow = async (expression: string): Promise<string> => {
    const { frameId } = vscode.debug.activeStackItem as vscode.DebugStackFrame;
    const session = vscode.debug.activeDebugSession!;
    const { result } = (await session.customRequest('evaluate', {
      expression,
      frameId,
      context: 'clipboard',
    })) as { result: string };
    return result.replace(/^'|'$/g, '');
  };
  /** Asks again where the window still names a frame of the stop before. */
  const evaluate = async (expression: string): Promise<string> => {
    let reason: unknown;
    const answer = async () => {
      try {
        return await evaluateNow(expression);
      } catch (error) {
        reason = error;
        return undefined;
      }
    };
    return until(expression, answer).catch((timeout: unknown) => {
      throw reason ?? timeout;
    });
  };

  it('is asked nothing in a workspace that is not trusted', async () => {
    const trusted = Object.getOwnPropertyDescriptor(vscode.workspace, 'isTrusted')!;
    Object.defineProperty(vscode.workspace, 'isTrusted', { ...trusted, get: () => false });
    const before = asked.length;
    try {
      const opening = vscode.commands.executeCommand('flowscope.openVariable', {
        variable: { name: 'flow', evaluateName: 'flow' },
      });
      await workbench.page
        .getByText('Asking a program that is debugged needs a trusted workspace.')
        .first()
        .waitFor();
      await vscode.commands.executeCommand('notifications.clearAll');
      await opening;
    } finally {
      Object.defineProperty(vscode.workspace, 'isTrusted', trusted);
    }
    assert.deepEqual(asked.slice(before), []);
  });

  it('opens beside it, with the likelihood that the program has', async () => {
    const expected = await evaluate('float(-flow().log_prob(x[0]))');
    await vscode.commands.executeCommand('flowscope.openVariable', {
      variable: { name: 'flow', evaluateName: 'flow' },
    });
    const frame = await workbench.webview('.live');
    await frame.locator('.live[data-state=live]').waitFor();
    const shown = Number((await frame.locator('[data-result]').innerText()).replace('−', '-'));
    assert.ok(Math.abs(shown - Number(expected)) < 0.006, `${shown} is shown; the program has ${expected}`);
    assert.ok(asked.length > 1, 'the page asks in this way');
  });

  it('changes nothing in the program', async () => {
    assert.equal(await evaluate('str(flow.training)'), 'True');
    assert.equal(await evaluate('str(next(flow.parameters()).grad)'), 'None');
  });

  it('is as recorded while the program runs, and says at the next stop that its weights are others', async () => {
    const frame = await workbench.webview('.live');
    const steps = await evaluate('str(step)');
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    await until(
      'the next stop',
      async () => {
        if (!(vscode.debug.activeStackItem instanceof vscode.DebugStackFrame)) return false;
        return (await evaluateNow('str(step)').catch(() => steps)) !== steps;
      },
      60_000,
    );
    await frame.locator('.live[data-state=changed]').waitFor();
    const expected = await evaluate('float(-flow().log_prob(x[0]))');
    assert.ok(Number.isFinite(Number(expected)));
    await frame.getByRole('button', { name: 'Record again' }).click();
    await frame.locator('.live[data-state=live]').waitFor();
  });

  it('is a page of the recording once the program has ended', async () => {
    const frame = await workbench.webview('.live');
    await vscode.debug.stopDebugging();
    await frame.locator('.live[data-state=saved]').waitFor();
  });
});
