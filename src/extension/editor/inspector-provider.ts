import type { CustomReadonlyEditorProvider, ExtensionContext, Uri, WebviewPanel } from 'vscode';
import type { InspectionEngines } from '../engine/inspection-engines';
import { showPage } from '../show-page';
import type { ActiveInspector } from './active-inspector';
import { ModelDocument } from './model-document';
import { PageSession } from './page-session';
import { titleOf } from './title';

/** The inspector as a read-only editor: one document a file, any number of editors of it. */
export class InspectorProvider implements CustomReadonlyEditorProvider<ModelDocument> {
  private readonly documents = new Map<string, ModelDocument>();

  constructor(
    private readonly context: ExtensionContext,
    private readonly inspection: InspectionEngines,
    private readonly active: ActiveInspector,
  ) {}

  /** Never fails: the page says what is wrong with the file, and lets the user try again. */
  openCustomDocument(uri: Uri): ModelDocument {
    return this.adopt(new ModelDocument(this.context, this.inspection, uri));
  }

  resolveCustomEditor(document: ModelDocument, panel: WebviewPanel): void {
    panel.title = titleOf(document.uri);
    const session = new PageSession(document, panel, this.active, this.context.workspaceState);
    // Opened while the page loads. An error is reported when the page asks, which tries again.
    document.openAhead().catch(() => undefined);
    panel.onDidDispose(() => session.dispose());
    showPage(panel, this.context.extensionUri, 'inspector');
  }

  /** Works with the open document of a file, or with one that is there for that work alone. */
  async use<T>(uri: Uri, work: (document: ModelDocument) => Promise<T>): Promise<T> {
    const open = this.documents.get(uri.toString());
    const document = open ?? new ModelDocument(this.context, this.inspection, uri);
    try {
      return await work(document);
    } finally {
      if (!open) document.dispose();
    }
  }

  private adopt(document: ModelDocument): ModelDocument {
    const key = document.uri.toString();
    this.documents.set(key, document);
    document.onDidDispose(() => {
      if (this.documents.get(key) === document) this.documents.delete(key);
    });
    return document;
  }
}
