/** The inspector of a flow in a stopped program, which answers it. */
import { randomUUID } from 'node:crypto';
import { l10n, type Uri, ViewColumn, window, type WebviewPanel } from 'vscode';
import { fromBase64 } from '../../base/base64';
import { UserError } from '../../base/user-error';
import type { FlowMessage, FlowReply } from '../../protocol/live';
import { showPage } from '../show-page';
import type { StoppedProgram } from './stopped-program';

/** What `flowscope.bridge` gives. */
type Packed = Omit<FlowReply, 'bytes'> & { bytes?: string; title?: string; batches?: string[][] };

/** Calls functions of `flowscope.bridge` in the program. The package is the extension's where the program has none. */
export function bridgeTo({ evaluate }: StoppedProgram, extension: Uri) {
  const folder = JSON.stringify(`${extension.fsPath}/python`);
  const append = `__import__('sys').path.append(${folder}) if ${folder} not in __import__('sys').path else None`;
  const bridge = `[${append}, __import__('importlib').import_module('flowscope.bridge')][1]`;
  return async (call: string): Promise<Packed> => {
    const text = await evaluate(`${bridge}.${call}`).catch((error: unknown) => {
      if (error instanceof UserError) throw error;
      throw new UserError(
        l10n.t(
          'The program could not be asked: {0}. It needs PyTorch, NumPy and safetensors.',
          error instanceof Error ? error.message.split('\n').at(-1)! : String(error),
        ),
      );
    });
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Packed;
  };
}

/** Opens the inspector for a flow and a batch, with a context for some flows; all are expressions. @throws UserError for what cannot be recorded */
export async function showLive(
  program: StoppedProgram,
  extension: Uri,
  { flow, batch }: { flow: string; batch: readonly string[] },
): Promise<WebviewPanel> {
  const ask = bridgeTo(program, extension);
  const name = randomUUID();
  const {
    error,
    title = flow,
    version,
    bytes,
  } = await ask(`open_flow('${name}', ${[flow, ...batch].join(', ')})`);
  if (error !== undefined || bytes === undefined)
    throw new UserError(l10n.t('{0} cannot be shown: {1}', flow, error ?? ''));
  const panel = window.createWebviewPanel(
    'flowscope.live',
    `${flow} (${title})`,
    { viewColumn: ViewColumn.Beside, preserveFocus: true },
    { retainContextWhenHidden: true },
  );
  const { webview } = panel;
  webview.onDidReceiveMessage(async ({ flowscope, id, request }: FlowMessage) => {
    if (flowscope !== name) return;
    try {
      const reply = await ask(`answer('${name}', ${JSON.stringify(request)})`);
      const found = reply.bytes === undefined ? {} : { bytes: fromBase64(reply.bytes) };
      await webview.postMessage({ flowscope, id, reply: { ...reply, ...found } });
    } catch (problem) {
      if (!(problem instanceof UserError)) throw problem;
      await webview.postMessage({ flowscope, id, reply: { version, error: problem.message } });
    }
  });
  program.onChange(
    (stopped) => void webview.postMessage({ flowscope: name, [stopped ? 'here' : 'gone']: true }),
  );
  panel.onDidDispose(() => {
    program.dispose();
  });
  showPage(panel, extension, 'inspector', {
    before: 'engine',
    recording: { name: title, base64: bytes, page: { name, version } },
  });
  return panel;
}
