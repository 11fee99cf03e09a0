/**
 * Entry of the extension. Activation only registers; everything else is loaded when it is first used, and nothing that
 * computes is ever loaded here.
 */
import { commands, type ExtensionContext, l10n, type Uri, window, workspace } from 'vscode';
import { pageActions } from '../protocol/page-actions';
import { registerTools } from './assistant/tools';
import { registerConfigLenses } from './configs/config-lenses';
import { layerTabs, type LayerTab } from '../protocol/layer-tabs';
import { act, comparedWith, selectLayer, showTab } from './commands/page';
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

let parts: Parts | undefined;

export function activate(context: ExtensionContext): FlowscopeApi {
  const keys = new TrainingKeys();
  const runs = registerRunsView(context, () => parts?.services.trainings.folders ?? new Set(), keys);
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
  const guardedCommand = (id: string, what: string, run: (...given: unknown[]) => Promise<unknown>) =>
    commands.registerCommand(`flowscope.${id}`, async (...given: unknown[]) => {
      const { guarded } = await import('./report-error');
      return guarded(what, () => run(...given));
    });
  const command = (id: string, what: string, run: (loaded: Parts, ...given: unknown[]) => Promise<unknown>) =>
    guardedCommand(id, what, async (...given) => run(await load(), ...given));
  const pageCommand = (id: string, run: (...given: unknown[]) => void) =>
    guardedCommand(id, l10n.t('Inspector'), async (...given) => run(...given));

  context.subscriptions.push(
    ...pageActions.map((action) => pageCommand(action, () => act(active, action))),
    ...(Object.keys(layerTabs) as LayerTab[]).map((tab) =>
      pageCommand(layerTabs[tab], () => showTab(active, tab)),
    ),
    pageCommand('selectLayer', (layer) => selectLayer(active, layer)),
    command('train', l10n.t('Train RealNVP'), async ({ services }, given) =>
      (await import('./commands/train')).train(services, given as object | undefined),
    ),
    command('trainOn', l10n.t('Train on'), async ({ services }) =>
      (await import('./commands/train-on')).trainOn(services),
    ),
    command('trainConfig', l10n.t('Train from this config'), async ({ services }, target, given) =>
      (await import('./commands/train')).trainConfig(services, target, given as object | undefined),
    ),
    command('resumeTraining', l10n.t('Resume training'), async ({ services }, target, given) =>
      (await import('./commands/train')).resumeTraining(services, target, given),
    ),
    command('trainAgain', l10n.t('Train again'), async ({ services }, target) =>
      (await import('./commands/train')).trainAgain(services, target),
    ),
    command('pauseTraining', l10n.t('Pause training'), async ({ services }, target) =>
      (await import('./commands/steer')).pauseTraining(services, target),
    ),
    command('changeLearningRate', l10n.t('Change learning rate'), async ({ services }, target, given) =>
      (await import('./commands/steer')).changeLearningRate(services, target, given),
    ),
    command('stopTraining', l10n.t('Stop training'), async ({ services }, target) =>
      (await import('./commands/stop')).stopTraining(services, target),
    ),
    command('stopModel', l10n.t('Stop This Model'), async ({ services }, target) =>
      (await import('./commands/stop-model')).stopModel(services.inspection, target),
    ),
    command('trainingActions', l10n.t('Training'), async ({ services }) =>
      (await import('./commands/training-actions')).trainingActions(services),
    ),
    command('openInInspector', l10n.t('Open in Inspector'), async ({ services }, target) =>
      (await import('./commands/inspect')).openInInspector(services, target),
    ),
    command('openModel', l10n.t('Open in Inspector'), async ({ services }, target) =>
      (await import('./commands/inspect')).openInInspector(services, target),
    ),
    command('openSample', l10n.t('Open sample flow'), async ({ services }, name) =>
      (await import('./commands/open-sample')).openSample(services, name),
    ),
    command('reportIssue', l10n.t('Report issue'), async ({ services }) =>
      (await import('./commands/report-issue')).reportIssue(services),
    ),
    command('changeImport', l10n.t('Change how this file is read'), async ({ services, inspector }, target) =>
      (await import('./commands/import')).changeImport(services, inspector, target),
    ),
    command('convert', l10n.t('Convert checkpoint'), async ({ services, inspector }, target, given) =>
      (await import('./commands/convert')).convert(services, inspector, target, given as object | undefined),
    ),
    command('newConfig', l10n.t('New run config'), async (_, target) =>
      (await import('./commands/new-config')).newConfig(target),
    ),
    command(
      'continueTraining',
      l10n.t('Continue training from this'),
      async ({ services, inspector }, target, given) =>
        (await import('./commands/train')).continueTraining(
          services,
          inspector,
          target,
          given as object | undefined,
        ),
    ),
    command('previewData', l10n.t('Preview data'), async ({ previews }, target, place) =>
      (await import('./commands/preview')).previewData(previews, target, place),
    ),
    command('drawData', l10n.t('Draw data'), async ({ drawings }, given) =>
      (await import('./commands/draw')).drawData(drawings, given),
    ),
    command('importOnnx', l10n.t('Import ONNX'), async ({ services }, target) =>
      (await import('./commands/inspect')).importOnnx(services, target),
    ),
    command('exportOnnx', l10n.t('Export to ONNX'), async ({ services, inspector }, target) =>
      (await import('./commands/export')).exportOnnx(services, inspector, target),
    ),
    command('exportTorch', l10n.t('Export to PyTorch'), async ({ services, inspector }, target) =>
      (await import('./commands/export')).exportTorch(services, inspector, target),
    ),
    command('exportHtml', l10n.t('Export inspection'), async ({ services, inspector }, target, compared) =>
      (await import('./commands/export')).exportHtml(services, inspector, target, (model) =>
        typeof compared === 'string' ? compared : comparedWith(active, model),
      ),
    ),
    command('showRunFolder', l10n.t('Show run folder'), async ({ services }, target) =>
      (await import('./commands/run-folder')).showRunFolder(services, target),
    ),
    command('renameRun', l10n.t('Rename run'), async ({ services }, target, given) =>
      (await import('./commands/manage-run')).renameRun(services, target, given),
    ),
    command('trashRun', l10n.t('Move run to trash'), async ({ services }, target) =>
      (await import('./commands/manage-run')).trashRun(services, target),
    ),
    command('revealRun', l10n.t('Reveal in file manager'), async (_, target) =>
      (await import('./commands/manage-run')).revealRun(target),
    ),
    command('copyRunPath', l10n.t('Copy path'), async (_, target) =>
      (await import('./commands/manage-run')).copyRunPath(target),
    ),
    command('installNative', l10n.t('Install native TensorFlow'), async ({ services }) =>
      (await import('./native/install')).installNative(services),
    ),
    command('showLog', l10n.t('Show log'), async () => (await import('./log')).log().show()),
    commands.registerCommand('flowscope.refreshRuns', () => runs.refresh()),
    workspace.onDidChangeConfiguration((event) => {
      if (
        ['backend', 'threads', 'nativeFolder'].some((key) => event.affectsConfiguration(`flowscope.${key}`))
      )
        void parts?.services.inspection.restart();
    }),
  );
  context.subscriptions.push(...registerTools(async () => (await load()).services));
  registerEditors(context, load);
  registerPreview(context, load);
  return {
    statusBarText: () => parts?.statusBarText(),
    enginePids: () => ({
      inspection: parts?.services.inspection.pid,
      alone: parts?.services.inspection.alonePids ?? [],
      trainings: parts?.services.trainings.list.flatMap(({ pid }) => pid ?? []) ?? [],
    }),
    layers: () => describeLayers(layers),
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
