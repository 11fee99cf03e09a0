import { cpus } from 'node:os';
import { l10n, type QuickPickItem, window } from 'vscode';
import { UserError } from '../../base/user-error';
import type { Launch, LauncherName, LauncherState } from '../../protocol/launch';
import type { Services } from '../services';
import { train } from './train';
import { mayRun } from './trust';

interface PlaceItem extends QuickPickItem {
  /** Undefined for the engine. */
  state?: LauncherState;
}

/** Train On…: where a training runs, then what is trained. */
export async function trainOn(services: Services): Promise<void> {
  if (!(await mayRun(l10n.t('Training')))) return;
  const place = await askPlace(services);
  if (!place) return;
  const { state } = place;
  if (!state) return train(services);
  if (state.missing !== undefined) throw new UserError(state.missing);
  const launch = await askLaunch(state.name);
  if (launch) await train(services, undefined, launch);
}

async function askPlace({ inspection }: Services): Promise<PlaceItem | undefined> {
  const lease = inspection.acquire();
  const states = lease.engine().api.launchers();
  try {
    return await window.showQuickPick<PlaceItem>(
      // Python takes its time, and the list says meanwhile that it is being looked for.
      states.then((found) => [
        {
          label: `$(vm) ${l10n.t('The engine')}`,
          description: l10n.t('TensorFlow or ONNX Runtime, on this machine'),
        },
        ...found.map((state) => ({
          label: `${state.missing === undefined ? '$(server-process)' : '$(warning)'} ${labelOf(state.name)}`,
          description: aboutOf(state.name),
          detail: state.found ?? state.missing,
          state,
        })),
      ]),
      { title: l10n.t('Train On'), placeHolder: l10n.t('Where should the training run?') },
    );
  } finally {
    lease.dispose();
  }
}

function labelOf(name: LauncherName): string {
  return { torch: 'PyTorch', torchrun: 'torchrun' }[name];
}

function aboutOf(name: LauncherName): string {
  return {
    torch: l10n.t('one process, on this machine'),
    torchrun: l10n.t('several processes on this machine, which share each batch'),
  }[name];
}

async function askLaunch(name: LauncherName): Promise<Launch | undefined> {
  if (name === 'torch') return { name };
  const text = await window.showInputBox({
    title: l10n.t('Train On'),
    prompt: l10n.t('How many processes?'),
    value: String(Math.max(2, Math.floor(cpus().length / 2))),
    validateInput: (given) =>
      isCount(given) ? undefined : l10n.t('Expected a whole number from 1 to 64, for example 2.'),
  });
  return text !== undefined && isCount(text) ? { name, processes: Number(text) } : undefined;
}

const isCount = (text: string): boolean =>
  /^\s*\d{1,2}\s*$/.test(text) && Number(text) >= 1 && Number(text) <= 64;
