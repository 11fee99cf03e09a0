/** Opens a variable of a stopped Python program in the inspector. */
import { l10n, window } from 'vscode';
import { UserError } from '../../base/user-error';
import { bridgeTo, showLive } from '../live/live-panel';
import { stoppedProgram } from '../live/stopped-program';
import type { Parts } from '../services/parts';
import { mayRun } from '../trust';

/** What the menu of a debugger's variables gives. */
interface Chosen {
  variable?: { name: string; evaluateName?: string };
}

export async function openVariable({ context }: Parts, chosen?: Chosen): Promise<void> {
  if (!(await mayRun(l10n.t('Asking a program that is debugged')))) return;
  const program = stoppedProgram();
  try {
    const flow =
      chosen?.variable?.evaluateName ??
      chosen?.variable?.name ??
      (await window.showInputBox({ title: l10n.t('Variable of the flow'), value: 'flow' }));
    if (!flow) {
      program.dispose();
      return;
    }
    const ask = bridgeTo(program, context.extensionUri);
    const { batches = [], error } = await ask(`batches(${flow}, {**globals(), **locals()})`);
    if (error !== undefined) throw new UserError(l10n.t('{0} cannot be shown: {1}', flow, error));
    if (batches.length === 0)
      throw new UserError(
        l10n.t('{0} takes none of the arrays that are variables here, or is no flow that is known.', flow),
      );
    const title = l10n.t('Batch for {0}', flow);
    const items = batches.map((batch) => ({ label: batch.join(', '), batch }));
    const first = items[0]!;
    const chosenItem =
      items.length === 1 || first.label === 'x' ? first : await window.showQuickPick(items, { title });
    if (chosenItem) await showLive(program, context.extensionUri, { flow, batch: chosenItem.batch });
    else program.dispose();
  } catch (problem) {
    program.dispose();
    throw problem;
  }
}
