/**
 * Entry of the extension. Activation only registers; everything else is loaded when it is first used, and nothing that
 * computes is ever loaded here.
 */
import { commands, type ExtensionContext, l10n, type Uri, window, workspace } from 'vscode';
import { pageActions } from '../protocol/page-actions';
import { registerTools } from './assistant/tools';
import { registerConfigLenses } from './configs/config-lenses';
import { layerTabs, type LayerTab } from '../protocol/layer-tabs';
import { act, selectLayer, showTab } from './commands/page';
import { ActiveInspector } from './editor/active-inspector';
import { inspectorView, modelView } from './view-types';
import { drawView } from './draw/view-type';
import { previewView, sourceOf } from './preview/view-type';
import type { Parts } from './services/parts';
import { describeLayers, registerLayersView } from './layers/layers-view';
import { registerRunsView } from './runs/runs-view';
import { TrainingKeys } from './runs/training-keys';
import { registerPictureFolders } from './training/picture-folders';

/** What other extensions (and the tests) can ask of this one. */
export interface FlowscopeApi {
  /** Text of the status bar item; undefined while nothing trains. */
  statusBarText(): string | undefined;
  /** Process ids of the engines that run now. */
  enginePids(): { inspection?: number; alone: number[]; trainings: number[] };
  /** The Layers view: what it lists, and what of it is selected. */
  layers(): { items: string[]; selected: string[]; badge: number | undefined };
}

/** What runs a command; menus and other extensions give what they like. */
type Command<Argument = never> = (parts: Parts, ...args: Argument[]) => unknown;

let parts: Parts | undefined;

export function activate(context: ExtensionContext): FlowscopeApi {
  const keys = new TrainingKeys();
  const runs = registerRunsView(context, () => parts?.trainings.folders ?? new Set(), keys);
  const configsChanged = registerConfigLenses(context);
  registerPictureFolders(context);
  const active = new ActiveInspector();
  const layers = registerLayersView(context, active);
  const load = async (): Promise<Parts> => {
    parts ??= (await import('./services/parts')).createParts(context, active, keys, () => {
      runs.refresh();
      configsChanged();
    });
    return parts;
  };
  const guardedCommand = (id: string, what: string, run: (...args: unknown[]) => Promise<unknown>) =>
    commands.registerCommand(`flowscope.${id}`, async (...args: unknown[]) => {
      const { guarded } = await import('./report-error');
      return guarded(what, () => run(...args));
    });
  /** The function of that name in a module that is loaded when it is first called. */
  const command = <Id extends string>(id: Id, what: string, module: () => Promise<Record<Id, Command>>) =>
    guardedCommand(id, what, async (...args) => {
      const { [id]: run } = await module();
      return (run as Command<unknown>)(await load(), ...args);
    });
  const pageCommand = (id: string, run: (...args: unknown[]) => void) =>
    guardedCommand(id, l10n.t('Inspector'), async (...args) => run(...args));

  context.subscriptions.push(
    ...pageActions.map((action) => pageCommand(action, () => act(active, action))),
    ...(Object.keys(layerTabs) as LayerTab[]).map((tab) =>
      pageCommand(layerTabs[tab], () => showTab(active, tab)),
    ),
    pageCommand('selectLayer', (layer) => selectLayer(active, layer)),
    command('train', l10n.t('Train RealNVP'), () => import('./commands/train')),
    command('trainOn', l10n.t('Train on'), () => import('./commands/train-on')),
    command('trainConfig', l10n.t('Train from this config'), () => import('./commands/train')),
    command('resumeTraining', l10n.t('Resume training'), () => import('./commands/train')),
    command('trainAgain', l10n.t('Train again'), () => import('./commands/train')),
    command('pauseTraining', l10n.t('Pause training'), () => import('./commands/steer')),
    command('changeLearningRate', l10n.t('Change learning rate'), () => import('./commands/steer')),
    command('stopTraining', l10n.t('Stop training'), () => import('./commands/steer')),
    command('stopModel', l10n.t('Stop This Model'), () => import('./commands/inspect')),
    command('trainingActions', l10n.t('Training'), () => import('./commands/training-actions')),
    command('openInInspector', l10n.t('Open in Inspector'), () => import('./commands/inspect')),
    command('openModel', l10n.t('Open in Inspector'), () => import('./commands/inspect')),
    command('openVariable', l10n.t('Open in Flowscope'), () => import('./commands/open-variable')),
    command('openSample', l10n.t('Open sample flow'), () => import('./commands/inspect')),
    command('reportIssue', l10n.t('Report issue'), () => import('./commands/report-issue')),
    command('changeImport', l10n.t('Change how this file is read'), () => import('./commands/convert')),
    command('convert', l10n.t('Convert checkpoint'), () => import('./commands/convert')),
    command('newConfig', l10n.t('New run config'), () => import('./commands/new-config')),
    command('continueTraining', l10n.t('Continue training from this'), () => import('./commands/train')),
    command('previewData', l10n.t('Preview data'), () => import('./commands/preview')),
    command('drawData', l10n.t('Draw data'), () => import('./commands/preview')),
    command('importOnnx', l10n.t('Import ONNX'), () => import('./commands/inspect')),
    command('exportOnnx', l10n.t('Export to ONNX'), () => import('./commands/export')),
    command('exportTorch', l10n.t('Export to PyTorch'), () => import('./commands/export')),
    command('exportHtml', l10n.t('Export inspection'), () => import('./commands/export')),
    command('exportAnimation', l10n.t('Export animation'), () => import('./commands/export')),
    command('showRunFolder', l10n.t('Show run folder'), () => import('./commands/run-folder')),
    command('renameRun', l10n.t('Rename run'), () => import('./commands/manage-run')),
    command('trashRun', l10n.t('Move run to trash'), () => import('./commands/manage-run')),
    command('revealRun', l10n.t('Reveal in file manager'), () => import('./commands/manage-run')),
    command('copyRunPath', l10n.t('Copy path'), () => import('./commands/manage-run')),
    command('installNative', l10n.t('Install native TensorFlow'), () => import('./native/install')),
    command('showLog', l10n.t('Show log'), () => import('./log')),
    commands.registerCommand('flowscope.refreshRuns', () => runs.refresh()),
    workspace.onDidChangeConfiguration((event) => {
      if (
        ['backend', 'threads', 'nativeFolder'].some((key) => event.affectsConfiguration(`flowscope.${key}`))
      )
        void parts?.inspection.restart();
    }),
  );
  context.subscriptions.push(...registerTools(load));
  registerEditors(context, load);
  registerPreview(context, load);
  return {
    statusBarText: () => parts?.statusBarText(),
    enginePids: () => ({
      inspection: parts?.inspection.pid,
      alone: parts?.inspection.alonePids ?? [],
      trainings: parts?.trainings.list.flatMap(({ pid }) => pid ?? []) ?? [],
    }),
    layers: () => describeLayers(layers),
  };
}

/** VS Code waits for this a few seconds: running trainings save and stop. */
export async function deactivate(): Promise<void> {
  await parts?.dispose();
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

/** Previews come back with the window, as editors do. */
function registerPreview(context: ExtensionContext, load: () => Promise<Parts>): void {
  context.subscriptions.push(
    window.registerWebviewPanelSerializer(previewView, {
      deserializeWebviewPanel: async (panel, state) => {
        const source = sourceOf(state);
        if (source === undefined) panel.dispose();
        else (await load()).previews.adopt(panel, source);
      },
    }),
    // The page keeps its points itself.
    window.registerWebviewPanelSerializer(drawView, {
      deserializeWebviewPanel: async (panel) => (await load()).drawings.adopt(panel, {}),
    }),
  );
}
