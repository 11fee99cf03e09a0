/** The HTML document around the inspector's script: the same for the editor in VS Code and for a saved page. */
import { escaped } from '../base/escaped';
import { languageOf } from '../protocol/language';

export interface InspectorHtmlOptions {
  title: string;
  /** BCP 47 tag of the language of its texts; the page has those of `languages`, and English for any other. */
  language?: string;
  /** Fresh and random for every document; every script and style of the page carries it. */
  nonce: string;
  /** One of the two: URIs of its scripts, or their text. */
  scriptUris?: readonly string[];
  inlineScript?: string;
  styleUri?: string;
  inlineStyle?: string;
  /** Where a webview may load its own files from (`webview.cspSource`). */
  cspSource?: string;
  /** Text made by `encodeRecorded`, for a saved page. */
  recorded?: string;
  /** For a page that answers for itself, whose script has the engine for that. */
  recording?: {
    /** Name of its file. */
    name: string;
    base64: string;
    /** Where a flow may answer: what tells pages of one notebook apart, and the version of the weights that were recorded. */
    page?: { name: string; version: string };
  };
}

/**
 * SHA-256 of the empty text. The control library adds an empty style element once to learn whether the browser knows
 * `:focus-visible`; allowing exactly that keeps the policy strict and the log clean.
 */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/** A complete HTML document with a strict content security policy: nothing is loaded but what is named here. */
export function inspectorHtml(options: InspectorHtmlOptions): string {
  const { nonce, cspSource } = options;
  if (!/^[A-Za-z0-9+/_=-]{16,}$/.test(nonce))
    throw new Error('The nonce must be at least 16 base64 characters.');
  const source = cspSource ? `${cspSource} ` : '';
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}'nonce-${nonce}' ${EMPTY_STYLE}`,
    `font-src ${cspSource ?? "'none'"}`,
    `img-src ${source}data: blob:`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const style =
    options.inlineStyle === undefined
      ? `<link rel="stylesheet" nonce="${nonce}" href="${escaped(options.styleUri ?? '')}">`
      : `<style nonce="${nonce}">${options.inlineStyle.replace(/<\/style/gi, '<\\/style')}</style>`;
  const script =
    options.inlineScript === undefined
      ? (options.scriptUris ?? [])
          .map((uri) => `<script nonce="${nonce}" src="${escaped(uri)}"></script>`)
          .join('\n')
      : `<script nonce="${nonce}">${escapeScript(options.inlineScript)}</script>`;
  const recorded =
    options.recorded === undefined
      ? ''
      : `<script type="application/json" id="flowscope-recorded">${options.recorded.replaceAll('<', '\\u003c')}</script>\n`;
  const { recording } = options;
  const attributes = recording?.page
    ? ` data-page="${escaped(recording.page.name)}" data-version="${escaped(recording.page.version)}"`
    : '';
  const held = recording
    ? `<script type="text/plain" id="flowscope-recording" data-name="${escaped(recording.name)}"${attributes}>${recording.base64}</script>\n`
    : '';
  return `<!DOCTYPE html>
<html lang="${languageOf(options.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(options.title)}</title>
${style}
</head>
<body>
<div id="root"></div>
${recorded}${held}${script}
</body>
</html>
`;
}

/** `</script` and `<!--` inside script text would end or swallow the element; both escapes mean the same to JavaScript. */
function escapeScript(text: string): string {
  return text.replace(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '\\x3c!--');
}
