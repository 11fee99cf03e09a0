/** Convert Checkpoint…: to a Flowscope checkpoint, or to a state dict that another library loads. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { CancellationTokenSource, commands, l10n, type QuickPickItem, Uri, window } from 'vscode';
import { UserError } from '../../base/user-error';
import { type ConvertReport, type ConvertTarget, convertTargets } from '../../protocol/engine';
import { exportFile } from '../editor/export-place';
import { isFlowscopeFile, viewTypeOf } from '../view-types';
import { formatBytes } from '../localized-format';
import { log } from '../log';
import { offer } from '../offer';
import type { Parts } from '../services/parts';
import { checkpoint, onDisk, resolveModel, anyModel } from '../targets/targets';
import { withDocument } from './with-document';

/** What other extensions, key bindings and tests may pass instead of answering the questions. */
export interface ConvertArguments {
  to?: string;
  /** Absolute path. */
  output?: string;
}

export async function convert(parts: Parts, target?: unknown, answers?: ConvertArguments): Promise<void> {
  const model = await resolveModel(parts, target, { ...checkpoint, title: l10n.t('Convert Checkpoint') });
  if (!model) return;
  const to =
    answers?.to === undefined
      ? // The file is read for it, so that nothing is offered that fails.
        await askTarget(
          model,
          parts.inspector.use(model, (document) =>
            document.inEngine((api, _, file) => api.convertTargetsOf(file, randomUUID())),
          ),
        )
      : targetNamed(answers.to);
  if (!to) return;
  const output = answers?.output ?? (await askOutput(model, to));
  if (!output) return;
  const report = await withDocument(parts, model, l10n.t('Converting'), (document, token) =>
    document.inEngine((api, _, file) => api.convert(file, to, output, token)),
  );
  await tell(report, to);
}

async function askTarget(model: Uri, possible: Promise<ConvertTarget[]>): Promise<ConvertTarget | undefined> {
  const about: Record<ConvertTarget, QuickPickItem> = {
    flowscope: {
      label: 'Flowscope',
      detail: l10n.t('One file with everything. Training can continue from it.'),
    },
    chrischute: { label: 'chrischute/real-nvp', detail: l10n.t('Image flows with several scales.') },
    rosinality: { label: 'rosinality/glow-pytorch', detail: l10n.t('Glow of images.') },
    nflows: { label: 'nflows', detail: l10n.t('Couplings, autoregressive layers, mixings; Glow.') },
    normflows: { label: 'normflows', detail: l10n.t('Couplings, splines, autoregressive layers; Glow.') },
    zuko: { label: 'zuko', detail: l10n.t('Vector flows: RealNVP, NICE, MAF, NSF, NCSF.') },
    senya: {
      label: 'RealNVP(nets, nett, mask, prior)',
      detail: l10n.t('Vector flows: the RealNVP of the tutorial.'),
    },
  };
  const none = new CancellationTokenSource();
  const items = possible.then((targets): (QuickPickItem & { to: ConvertTarget })[] => {
    const fitting = targets.filter((to) => to !== 'flowscope' || !isFlowscopeFile(model));
    if (fitting.length === 0) none.cancel();
    return fitting.map((to) => ({ to, ...about[to] }));
  });
  const choice = await window.showQuickPick(
    items,
    {
      title: l10n.t('Convert Checkpoint'),
      placeHolder: l10n.t('Which format do you want to convert to?'),
      matchOnDetail: true,
    },
    none.token,
  );
  if (none.token.isCancellationRequested) void tellNone();
  return choice?.to;
}

function tellNone(): Promise<void> {
  return offer(
    'information',
    l10n.t(
      'No other library that Flowscope can write for has a flow like this one. The presets named after libraries train flows that fit.',
    ),
    { [l10n.t('New Run Config…')]: () => commands.executeCommand('flowscope.newConfig') },
  );
}

function targetNamed(name: string): ConvertTarget {
  const found = convertTargets.find((target) => target === name);
  if (!found)
    throw new UserError(
      l10n.t('{0} is not a known format. Expected one of {1}.', name, convertTargets.join(', ')),
    );
  return found;
}

async function askOutput(model: Uri, to: ConvertTarget): Promise<string | undefined> {
  const suffix = to === 'flowscope' ? 'flow' : to;
  const file = await window.showSaveDialog({
    title: l10n.t('Convert Checkpoint'),
    defaultUri: exportFile(model, `.${suffix}.safetensors`),
    filters: { safetensors: ['safetensors'] },
  });
  return file && onDisk(file);
}

async function tell({ path: file, bytes, tensors, notes }: ConvertReport, to: ConvertTarget): Promise<void> {
  const wrote = l10n.t('Saved {0}: {1} tensors, {2}.', path.basename(file), tensors, formatBytes(bytes));
  const text = [wrote, ...notes].join(' ');
  log().info(text);
  const open = (): unknown => commands.executeCommand('flowscope.openInInspector', Uri.file(file));
  await offer('information', text, to === 'flowscope' ? { [l10n.t('Open in Inspector')]: open } : {});
}

/** Asks again for the settings that a file of another library does not contain; an open editor of the file shows the result. */
export async function changeImport(parts: Parts, target?: unknown): Promise<void> {
  const model = await resolveModel(parts, target, {
    ...anyModel,
    title: l10n.t('Change How This File Is Read'),
  });
  if (!model) return;
  await parts.inspector.use(model, async (document) => {
    const outcome = await document.changeImport();
    if (outcome === 'nothing') {
      void window.showInformationMessage(
        l10n.t(
          'There is nothing to choose for {0}: the file determines how it is read.',
          path.posix.basename(model.path),
        ),
      );
    }
    if (outcome === 'changed') await commands.executeCommand('vscode.openWith', model, viewTypeOf(model));
  });
}
