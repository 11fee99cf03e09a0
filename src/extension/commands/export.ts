import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { commands, env, ProgressLocation, Uri, window, workspace } from 'vscode';
import { UserError } from '../../config/user-error';
import type { ExportReport } from '../../protocol/engine';
import type { InspectorProvider } from '../editor/inspector-provider';
import type { ModelDocument } from '../editor/model-document';
import { formatBytes } from '../format';
import { log } from '../log';
import { runOfCheckpoint } from '../runs/run-files';
import type { Services } from '../services';
import { anyModel, flowModel, resolveModel } from './targets';

export async function exportOnnx(
  services: Services,
  provider: InspectorProvider,
  target?: unknown,
): Promise<void> {
  const model = await resolveModel(services, target, flowModel);
  if (!model) return;
  const home = (await runOfCheckpoint(model)) ?? Uri.joinPath(model, '..');
  const [folder] =
    (await window.showOpenDialog({
      title: 'Export to ONNX: choose the folder to write forward, inverse and sample into',
      openLabel: 'Export Here',
      canSelectFiles: false,
      canSelectFolders: true,
      defaultUri: home,
    })) ?? [];
  if (!folder) return;
  const output = onDisk(folder);
  const report = await withDocument(
    provider,
    model,
    'Exporting to ONNX and checking the files',
    (document, token) => document.exportOnnx(output, token),
  );
  log().info(describeExport(report));
  await offerFiles(report);
}

export function describeExport(report: ExportReport): string {
  const files = report.files.map((file) => `${path.basename(file.path)} (${formatBytes(file.bytes)})`);
  return (
    `Exported ${files.join(', ')}, opset ${report.opset}. Run by ONNX Runtime, they differ from the model by ` +
    `${report.maxAbs.toExponential(1)} at most (allowed: ${report.tolerance.toExponential(0)}).`
  );
}

async function offerFiles(report: ExportReport): Promise<void> {
  const open = 'Open in Inspector';
  const show = 'Show Folder';
  const choice = await window.showInformationMessage(describeExport(report), open, show);
  const first = report.files.find((file) => file.kind === 'forward') ?? report.files[0];
  if (!first) return;
  if (choice === open) await commands.executeCommand('flowscope.openInInspector', Uri.file(first.path));
  if (choice === show) await commands.executeCommand('revealInExplorer', Uri.file(first.path));
}

export async function exportHtml(
  services: Services,
  provider: InspectorProvider,
  target?: unknown,
): Promise<void> {
  const model = await resolveModel(services, target, anyModel);
  if (!model) return;
  const name = path.posix.basename(model.path).replace(/(\.flow)?\.(safetensors|onnx)$/, '');
  const file = await window.showSaveDialog({
    title: 'Export Inspection as HTML',
    defaultUri: Uri.joinPath(model, '..', `${name}.html`),
    filters: { HTML: ['html'] },
  });
  if (!file) return;
  const output = onDisk(file);
  const page = await withDocument(provider, model, 'Writing the inspection as one page', (document, token) =>
    document.exportHtml(output, token),
  );
  const open = 'Open in Browser';
  const choice = await window.showInformationMessage(
    `Wrote ${path.basename(page.path)} (${formatBytes(page.bytes)}). It needs no network and no other file.`,
    open,
  );
  if (choice === open) await env.openExternal(Uri.file(page.path));
}

function onDisk(uri: Uri): string {
  if (uri.scheme !== 'file')
    throw new UserError(
      `${uri.toString(true)} is not on this machine. Choose a folder on disk to export into.`,
    );
  return uri.fsPath;
}

/** Work on a model with a progress message and a cancel button. */
async function withDocument<T>(
  provider: InspectorProvider,
  model: Uri,
  title: string,
  work: (document: ModelDocument, token: string) => Promise<T>,
): Promise<T> {
  const borrowed = provider.borrow(model);
  const token = randomUUID();
  try {
    return await window.withProgress(
      {
        location: ProgressLocation.Notification,
        title: `${title}: ${workspace.asRelativePath(model)}`,
        cancellable: true,
      },
      (_, cancellation) => {
        cancellation.onCancellationRequested(() => void borrowed.document.cancel(token));
        return work(borrowed.document, token);
      },
    );
  } finally {
    borrowed.dispose();
  }
}
