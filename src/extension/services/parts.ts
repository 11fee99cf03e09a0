/** Everything behind the registrations, built at the first use of any of it. */
import type { ExtensionContext } from 'vscode';
import type { ActiveInspector } from '../editor/active-inspector';
import { isPaused } from '../format';
import { InspectorProvider } from '../editor/inspector-provider';
import { DrawPanels } from '../draw/draw-panel';
import { PreviewPanels } from '../preview/preview-panel';
import type { TrainingKeys } from '../runs/training-keys';
import { createServices } from './services';
import { showEnd } from '../training/trainings';
import { TrainingStatusBar } from '../training/status-bar';

export type Parts = ReturnType<typeof createParts>;

export function createParts(
  context: ExtensionContext,
  active: ActiveInspector,
  keys: TrainingKeys,
  runsChanged: () => void,
) {
  const services = createServices(context);
  const statusBar = new TrainingStatusBar(services.trainings);
  let shown = '';
  context.subscriptions.push(
    statusBar,
    services.trainings.onDidEnd(({ training, result, error }) => void showEnd(training, result, error)),
    // The list of runs changes when a training comes or goes, not with each step of it.
    services.trainings.onDidChange(() => {
      keys.tell(
        'window',
        services.trainings.list.map((training) => (isPaused(training) ? 'paused' : 'running')),
      );
      const folders = [...services.trainings.folders].join('\n');
      if (folders === shown) return;
      shown = folders;
      runsChanged();
    }),
  );
  return {
    ...services,
    active,
    inspector: new InspectorProvider(context, services.inspection, active),
    previews: new PreviewPanels(context, services.inspection),
    drawings: new DrawPanels(context, services.inspection),
    statusBarText: () => statusBar.text,
  };
}
