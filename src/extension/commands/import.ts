import path from 'node:path';
import { commands, l10n, window } from 'vscode';
import { viewTypeOf } from '../view-types';
import type { Parts } from '../services/parts';
import { anyModel, resolveModel } from '../targets/targets';

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
