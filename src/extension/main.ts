/**
 * Entry of the extension. Activation only registers; everything else is loaded when it is first used, and nothing that
 * computes is ever loaded here.
 */
import type { Uri } from 'vscode';
import { commands, type ExtensionContext, window, workspace } from 'vscode';
import { inspectorView, modelView } from './editor/view-types';
import type { Parts } from './parts';
import { registerRunsView } from './runs/runs-view';

/** What other extensions (and the tests) can ask of this one. */
export interface FlowscopeApi {
  /** Text of the status bar item; undefined while nothing trains. */
  statusBarText(): string | undefined;
  /** Process ids of the engines that run now. */
  enginePids(): { inspection?: number; trainings: number[] };
}

let parts: Parts | undefined;

export function activate(context: ExtensionContext): FlowscopeApi {
  const runs = registerRunsView(context, () => parts?.services.trainings.folders ?? new Set());
  const load = async (): Promise<Parts> => {
    parts ??= (await import('./parts')).createParts(context, () => runs.refresh());
    return parts;
  };
  const command = (id: string, what: string, run: (loaded: Parts, ...given: unknown[]) => Promise<unknown>) =>
    commands.registerCommand(`flowscope.${id}`, async (...given: unknown[]) => {
      const { guarded } = await import('./report-error');
      return guarded(what, async () => run(await load(), ...given));
    });

  context.subscriptions.push(
    command('train', 'Train RealNVP', async ({ services }, given) =>
      (await import('./commands/train')).train(services, given as object | undefined),
    ),
    command('trainConfig', 'Train from this config', async ({ services }, target, given) =>
      (await import('./commands/train')).trainConfig(services, target, given as object | undefined),
    ),
    command('resumeTraining', 'Resume training', async ({ services }, target) =>
      (await import('./commands/train')).resumeTraining(services, target),
    ),
    command('stopTraining', 'Stop training', async ({ services }, target) =>
      (await import('./commands/stop')).stopTraining(services, target),
    ),
    command('trainingActions', 'Training', async ({ services }) =>
      (await import('./commands/stop')).trainingActions(services),
    ),
    command('openInInspector', 'Open in Inspector', async ({ services }, target) =>
      (await import('./commands/inspect')).openInInspector(services, target),
    ),
    command('importOnnx', 'Import ONNX', async ({ services }, target) =>
      (await import('./commands/inspect')).importOnnx(services, target),
    ),
    command('exportOnnx', 'Export to ONNX', async ({ services, inspector }, target) =>
      (await import('./commands/export')).exportOnnx(services, inspector, target),
    ),
    command('exportHtml', 'Export inspection', async ({ services, inspector }, target) =>
      (await import('./commands/export')).exportHtml(services, inspector, target),
    ),
    command('showRunFolder', 'Show run folder', async ({ services }, target) =>
      (await import('./commands/run-folder')).showRunFolder(services, target),
    ),
    command('installNative', 'Install native TensorFlow', async ({ services }) =>
      (await import('./native/install')).installNative(services),
    ),
    command('showLog', 'Show log', async () => (await import('./log')).log().show()),
    commands.registerCommand('flowscope.refreshRuns', () => runs.refresh()),
    workspace.onDidChangeConfiguration((event) => {
      if (
        ['backend', 'threads', 'nativeFolder'].some((key) => event.affectsConfiguration(`flowscope.${key}`))
      )
        void parts?.services.inspection.restart();
    }),
  );
  registerEditors(context, load);
  return {
    statusBarText: () => parts?.statusBarText(),
    enginePids: () => ({
      inspection: parts?.services.inspection.pid,
      trainings: parts?.services.trainings.list.flatMap(({ pid }) => pid ?? []) ?? [],
    }),
  };
}

/** VS Code waits for this a few seconds: running trainings save and stop. */
export async function deactivate(): Promise<void> {
  await parts?.services.dispose();
  parts = undefined;
}

function registerEditors(context: ExtensionContext, load: () => Promise<Parts>): void {
  for (const viewType of [inspectorView, modelView]) {
    context.subscriptions.push(
      window.registerCustomEditorProvider(
        viewType,
        {
          openCustomDocument: async (uri: Uri) => (await load()).inspector.openCustomDocument(uri),
          resolveCustomEditor: async (document, panel) =>
            (await load()).inspector.resolveCustomEditor(document as never, panel),
        },
        { supportsMultipleEditorsPerDocument: true },
      ),
    );
  }
}
