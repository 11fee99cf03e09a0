/** The inspector that is looked at: what the list of layers shows and what commands act on. */
import { commands, EventEmitter, type Uri } from 'vscode';
import type { OutlineLayer, PageSelection } from '../../protocol/page-actions';
import type { PageEvents } from '../../protocol/webview';

export interface ShownInspector {
  readonly uri: Uri;
  readonly page: PageEvents;
  /** As the page reported them; empty until then. */
  readonly layers: readonly OutlineLayer[];
  readonly selection: PageSelection | undefined;
}

/** What changed: another inspector or none, the layers of this one, or which of them is selected. */
export type ActiveChange = 'inspector' | 'layers' | 'selection';

export class ActiveInspector {
  private shown: ShownInspector | undefined;
  private readonly changes = new EventEmitter<ActiveChange>();
  readonly onDidChange = this.changes.event;

  get current(): ShownInspector | undefined {
    return this.shown;
  }

  /** An inspector came to the front, or went from there. */
  set(inspector: ShownInspector, active: boolean): void {
    if (active ? this.shown === inspector : this.shown !== inspector) return;
    this.shown = active ? inspector : undefined;
    this.tellContext();
    this.changes.fire('inspector');
  }

  /** A page has reported something to its inspector. */
  reported(inspector: ShownInspector, what: 'layers' | 'selection'): void {
    if (this.shown !== inspector) return;
    if (what === 'selection') this.tellContext();
    this.changes.fire(what);
  }

  private tellContext(): void {
    const {
      canGoBack = false,
      canGoForward = false,
      hasPlane = false,
      hasCheckpoints = false,
    } = this.shown?.selection ?? {};
    for (const [name, value] of Object.entries({ canGoBack, canGoForward, hasPlane, hasCheckpoints }))
      void commands.executeCommand('setContext', `flowscope.${name}`, value);
  }
}
