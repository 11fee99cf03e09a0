/** Fills a webview with one of our pages, and gives its tab our icon. */
import { randomBytes } from 'node:crypto';
import { env, Uri, type WebviewPanel } from 'vscode';
import { inspectorHtml, type InspectorHtmlOptions } from '../inspector-html/shell';

/**
 * @param page name of its script and style in dist/webview, which are all that the page may load
 * @param answering for a page that answers for itself: a script that comes before, and the recording
 */
export function showPage(
  panel: WebviewPanel,
  extension: Uri,
  page: string,
  answering?: { before: string } & Pick<InspectorHtmlOptions, 'recording'>,
): void {
  const { webview } = panel;
  const folder = Uri.joinPath(extension, 'dist', 'webview');
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  const icon = (file: string): Uri => Uri.joinPath(extension, 'media', 'tab', file);
  panel.iconPath = { light: icon('light.svg'), dark: icon('dark.svg') };
  const resource = (name: string): string => webview.asWebviewUri(Uri.joinPath(folder, name)).toString();
  webview.html = inspectorHtml({
    title: panel.title,
    language: env.language,
    nonce: randomBytes(18).toString('base64'),
    scriptUris: [...(answering ? [answering.before] : []), page].map((name) => resource(`${name}.js`)),
    styleUri: resource(`${page}.css`),
    cspSource: webview.cspSource,
    ...(answering?.recording ? { recording: answering.recording } : {}),
  });
}
