/** Commands that the page of the active inspector carries out. */
import { l10n, type Uri } from 'vscode';
import { UserError } from '../../base/user-error';
import type { PageAction } from '../../protocol/page-actions';
import type { PageEvents } from '../../protocol/webview';
import type { LayerTab } from '../../protocol/layer-tabs';
import type { ActiveInspector } from '../editor/active-inspector';

/** Commands can be run although no menu shows them. Throws a UserError where no inspector is active. */
function pageOf(active: ActiveInspector): PageEvents {
  const { current } = active;
  if (!current) throw new UserError(l10n.t('Open a model in the inspector first.'));
  return current.page;
}

export function act(active: ActiveInspector, action: PageAction): void {
  pageOf(active).act(action);
}

export function showTab(active: ActiveInspector, tab: LayerTab): void {
  pageOf(active).select({ tab });
}

export function selectLayer(active: ActiveInspector, layer: unknown): void {
  if (typeof layer === 'number') pageOf(active).select({ layer });
}

/** Path of what the active inspector compares the model with, while it does. */
export function comparedWith({ current }: ActiveInspector, model: Uri): string | undefined {
  return current?.uri.toString() === model.toString() ? current.selection?.comparedWith : undefined;
}
