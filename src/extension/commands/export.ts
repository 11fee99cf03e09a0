import path from 'node:path';
import { commands, env, l10n, Uri, window } from 'vscode';
import type { ExportReport } from '../../protocol/engine';
import { exportFile } from '../editor/export-place';
import { formatBytes } from '../localized-format';
import { log } from '../log';
import { offer } from '../offer';
import { runOfCheckpoint } from '../runs/run-files';
import type { Parts } from '../services/parts';
import { anyModel, checkpoint, onDisk, resolveModel } from '../targets/targets';
import { comparedWith } from './page';
import { withDocument } from './with-document';

export async function exportOnnx(parts: Parts, target?: unknown): Promise<void> {
  const choice = await askWhat(parts, target, {
    title: l10n.t('Export to ONNX'),
    folder: l10n.t('Export to ONNX: choose the folder for the forward, inverse and sample files'),
  });
  if (!choice) return;
  const { model, output } = choice;
  const report = await withDocument(
    parts,
    model,
    l10n.t('Exporting to ONNX and checking the files'),
    (document, token) => document.inEngine((api, id) => api.exportOnnx(id, output, token)),
  );
  const text = describeExport(report);
  log().info(text);
  const { path: first } = report.files.find((file) => file.kind === 'forward') ?? report.files[0]!;
  await offer('information', text, {
    [l10n.t('Open in Inspector')]: () =>
      commands.executeCommand('flowscope.openInInspector', Uri.file(first)),
    [l10n.t('Show Folder')]: () => commands.executeCommand('revealInExplorer', Uri.file(first)),
  });
}

/** Which checkpoint, and the folder to write into; the folder of its run is proposed. */
async function askWhat(
  parts: Parts,
  target: unknown,
  { title, folder }: { title: string; folder: string },
): Promise<{ model: Uri; output: string } | undefined> {
  const model = await resolveModel(parts, target, { ...checkpoint, title });
  if (!model) return undefined;
  const chosen = await window.showOpenDialog({
    title: folder,
    openLabel: l10n.t('Export Here'),
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: (await runOfCheckpoint(model)) ?? Uri.joinPath(model, '..'),
  });
  return chosen?.[0] && { model, output: onDisk(chosen[0]) };
}

/** Which model, and the file to write; one next to its run is proposed. */
async function askFile(
  parts: Parts,
  target: unknown,
  title: string,
  kind: 'HTML' | 'GIF',
): Promise<{ model: Uri; output: string } | undefined> {
  const model = await resolveModel(parts, target, { ...anyModel, title });
  if (!model) return undefined;
  const extension = kind.toLowerCase();
  const defaultUri = exportFile(model, `.${extension}`);
  const file = await window.showSaveDialog({ title, defaultUri, filters: { [kind]: [extension] } });
  return file && { model, output: onDisk(file) };
}

function withSizes(files: readonly { path: string; bytes: number }[]): string {
  return files.map((file) => `${path.basename(file.path)} (${formatBytes(file.bytes)})`).join(', ');
}

export function describeExport(report: ExportReport): string {
  return l10n.t(
    'Exported {0}, opset {1}. In ONNX Runtime they differ from the model by at most {2} (allowed: {3}).',
    withSizes(report.files),
    report.opset,
    report.maxAbs.toExponential(1),
    report.tolerance.toExponential(0),
  );
}

export async function exportTorch(parts: Parts, target?: unknown): Promise<void> {
  const choice = await askWhat(parts, target, {
    title: l10n.t('Export to PyTorch'),
    folder: l10n.t('Export to PyTorch: choose the folder for flow.py and weights.safetensors'),
  });
  if (!choice) return;
  const { model, output } = choice;
  const { files, example } = await withDocument(parts, model, l10n.t('Exporting to PyTorch'), (document) =>
    document.inEngine((api, id) => api.exportTorch(id, output)),
  );
  await offer('information', l10n.t('Exported {0}. In Python: {1}', withSizes(files), example), {
    [l10n.t('Open')]: () => window.showTextDocument(Uri.file(files[0]!.path)),
  });
}

/** @param other path of a model to compare with; without it, what the active inspector compares with */
export async function exportHtml(parts: Parts, target?: unknown, other?: unknown): Promise<void> {
  const choice = await askFile(parts, target, l10n.t('Export Inspection as HTML'), 'HTML');
  if (!choice) return;
  const { model, output } = choice;
  const compared = typeof other === 'string' ? other : comparedWith(parts.active, model);
  const page = await withDocument(
    parts,
    model,
    l10n.t('Saving the inspection as an HTML page'),
    (document, token) => document.exportHtml(output, token, compared),
  );
  const saved = l10n.t(
    'Saved {0} ({1}). It needs no network and no other files.',
    path.basename(page.path),
    formatBytes(page.bytes),
  );
  const holds = l10n.t('It shows examples of the recorded batch to whoever gets it.');
  await offer('information', page.holdsBatch ? `${saved} ${holds}` : saved, {
    [l10n.t('Open in Browser')]: () => env.openExternal(Uri.file(page.path)),
  });
}

export async function exportAnimation(parts: Parts, target?: unknown): Promise<void> {
  const choice = await askFile(parts, target, l10n.t('Export Way from x to z as GIF'), 'GIF');
  if (!choice) return;
  const { model, output } = choice;
  const gif = await withDocument(parts, model, l10n.t('Drawing the way from x to z'), (document, token) =>
    document.inEngine((api, id) => api.exportAnimation(id, output, token)),
  );
  await offer('information', l10n.t('Saved {0} ({1}).', path.basename(gif.path), formatBytes(gif.bytes)), {
    [l10n.t('Open')]: () => commands.executeCommand('vscode.open', Uri.file(gif.path)),
  });
}
