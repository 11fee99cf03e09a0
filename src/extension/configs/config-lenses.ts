/** What can be done with a run config, above its first line. */
import {
  CodeLens,
  type CodeLensProvider,
  EventEmitter,
  type ExtensionContext,
  l10n,
  languages,
  Range,
  type TextDocument,
  workspace,
} from 'vscode';
import { lastCheckpointOf } from './runs-of-configs';

class ConfigLenses implements CodeLensProvider {
  readonly changed = new EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly context: ExtensionContext) {}

  async provideCodeLenses({ uri }: TextDocument): Promise<CodeLens[]> {
    const top = new Range(0, 0, 0, 0);
    const lens = (title: string, command: string, target: unknown): CodeLens =>
      new CodeLens(top, { title, command: `flowscope.${command}`, arguments: [target] });
    const checkpoint = await lastCheckpointOf(this.context.workspaceState, uri.fsPath);
    return [
      // Training runs what the workspace says; looking does not.
      ...(workspace.isTrusted ? [lens(`$(play) ${l10n.t('Train')}`, 'trainConfig', uri)] : []),
      lens(l10n.t('Preview data'), 'previewData', uri),
      ...(checkpoint ? [lens(l10n.t('Open last checkpoint'), 'openInInspector', checkpoint)] : []),
    ];
  }
}

/** @returns to be called when a training began or ended */
export function registerConfigLenses(context: ExtensionContext): () => void {
  const lenses = new ConfigLenses(context);
  context.subscriptions.push(
    lenses.changed,
    languages.registerCodeLensProvider({ scheme: 'file', pattern: '**/*.flow.json' }, lenses),
    workspace.onDidGrantWorkspaceTrust(() => lenses.changed.fire()),
  );
  return () => lenses.changed.fire();
}
