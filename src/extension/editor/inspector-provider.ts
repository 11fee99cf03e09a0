import { randomBytes } from 'node:crypto';
import path from 'node:path';
import {
  type CustomReadonlyEditorProvider,
  env,
  type ExtensionContext,
  Uri,
  type WebviewPanel,
} from 'vscode';
import { inspectorHtml } from '../../inspector-html/shell';
import type { SharedEngine } from '../engine/shared-engine';
import type { ActiveInspector } from './active-inspector';
import { ModelDocument } from './model-document';
import { PageSession } from './page-session';

/** The inspector as a read-only editor: one document a file, any number of editors of it. */
export class InspectorProvider implements CustomReadonlyEditorProvider<ModelDocument> {
  private readonly documents = new Map<string, ModelDocument>();

  constructor(
    private readonly context: ExtensionContext,
    private readonly inspection: SharedEngine,
    private readonly active: ActiveInspector,
  ) {}

  /** Never fails: what is wrong with the file is said in the page, where it can be tried again. */
  openCustomDocument(uri: Uri): ModelDocument {
    return this.adopt(new ModelDocument(this.context, this.inspection, uri));
  }

  resolveCustomEditor(document: ModelDocument, panel: WebviewPanel): void {
    const folder = Uri.joinPath(this.context.extensionUri, 'dist', 'webview');
    panel.webview.options = { enableScripts: true, localResourceRoots: [folder] };
    const session = new PageSession(document, panel, this.active);
    panel.onDidDispose(() => session.dispose());
    const resource = (name: string) => panel.webview.asWebviewUri(Uri.joinPath(folder, name)).toString();
    panel.webview.html = inspectorHtml({
      title: path.posix.basename(document.uri.path),
      language: env.language,
      nonce: randomBytes(18).toString('base64'),
      scriptUri: resource('inspector.js'),
      styleUri: resource('inspector.css'),
      cspSource: panel.webview.cspSource,
    });
  }

  /** The open document of a file, or a fresh one that the caller disposes of. */
  borrow(uri: Uri): { document: ModelDocument; dispose(): void } {
    const open = this.documents.get(uri.toString());
    if (open) return { document: open, dispose: () => undefined };
    const document = new ModelDocument(this.context, this.inspection, uri);
    return { document, dispose: () => document.dispose() };
  }

  get openCount(): number {
    return this.documents.size;
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
