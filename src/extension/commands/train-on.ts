import { availableParallelism } from 'node:os';
import { l10n, type QuickPickItem, window } from 'vscode';
import { UserError } from '../../base/user-error';
import { isAddress, type Place, type PlaceName, type PlaceState } from '../../protocol/engine';
import { askCount } from '../offer';
import type { Services } from '../services/services';
import { train } from './train';
import { mayRun } from '../trust';

interface PlaceItem extends QuickPickItem {
  /** Undefined for the engine. */
  state?: PlaceState;
}

/** Train On…: where a training runs, then what is trained. */
export async function trainOn(services: Services): Promise<void> {
  if (!(await mayRun(l10n.t('Training')))) return;
  const item = await askPlace(services);
  if (!item) return;
  const { state } = item;
  if (!state) return train(services);
  if (state.missing !== undefined) throw new UserError(state.missing);
  const place = await askDetails(state.name);
  if (place) await train(services, { place });
}

async function askPlace({ inspection }: Services): Promise<PlaceItem | undefined> {
  return inspection.use(async ({ api }) =>
    window.showQuickPick<PlaceItem>(
      // Python takes its time, and the list says meanwhile that it is being looked for.
      api.places().then((found) => [
        {
          label: `$(vm) ${l10n.t('The engine')}`,
          description: l10n.t('TensorFlow or ONNX Runtime, on this machine'),
        },
        ...found.map((state) => ({
          label: `${state.missing === undefined ? '$(server-process)' : '$(warning)'} ${titles()[state.name]}`,
          description: aboutOf(state.name),
          // Choosing it shows the rest of the message.
          detail: state.found ?? state.missing?.split('. ')[0],
          state,
        })),
      ]),
      { title: l10n.t('Train On'), placeHolder: l10n.t('Where should the training run?') },
    ),
  );
}

const titles = (): Record<PlaceName, string> => ({
  torch: 'PyTorch',
  torchrun: l10n.t('Several processes'),
  ray: 'Ray',
  slurm: 'Slurm',
});

function aboutOf(name: PlaceName): string {
  return {
    torch: l10n.t('one process, on this machine'),
    torchrun: l10n.t('of PyTorch on this machine, which share each batch'),
    ray: l10n.t(
      'several workers on this machine or on a cluster of Ray, which share each batch; the network has to be trusted',
    ),
    slurm: l10n.t('a job on one or more machines of a cluster, whose network has to be trusted'),
  }[name];
}

/** Undefined where the user leaves. */
async function askDetails(name: PlaceName): Promise<Place | undefined> {
  switch (name) {
    case 'torch':
      return { name };
    case 'torchrun': {
      const processes = await askHowMany(l10n.t('How many processes?'), several());
      return processes === undefined ? undefined : { name, processes };
    }
    case 'ray': {
      const workers = await askHowMany(l10n.t('How many workers?'), several());
      if (workers === undefined) return undefined;
      const input = await window.showInputBox({
        title: l10n.t('Train On'),
        prompt: l10n.t(
          'Address of the cluster of Ray, which this machine is part of. Empty: this machine alone.',
        ),
        placeHolder: 'lab-1:6379',
        validateInput: (text) =>
          text.trim() === '' || isAddress(text.trim())
            ? undefined
            : l10n.t('Expected HOST:PORT, for example lab-1:6379.'),
      });
      const address = input?.trim();
      return address === undefined ? undefined : { name, workers, ...(address ? { address } : {}) };
    }
    case 'slurm': {
      const nodes = await askHowMany(l10n.t('How many machines?'), 1);
      if (nodes === undefined) return undefined;
      const processes = await askHowMany(l10n.t('How many processes on each machine?'), 1);
      if (processes === undefined) return undefined;
      const limit = await window.showInputBox({
        title: l10n.t('Train On'),
        prompt: l10n.t('Time limit of the job, which queues itself again. Empty: that of the cluster.'),
        placeHolder: '4:00:00',
      });
      const time = limit?.trim();
      return time === undefined ? undefined : { name, nodes, processes, ...(time ? { time } : {}) };
    }
  }
}

const several = (): number => Math.max(2, availableParallelism() >> 1);

function askHowMany(prompt: string, value: number): Promise<number | undefined> {
  const expected = l10n.t('Expected a whole number from 1 to 999, for example 2.');
  return askCount({ title: l10n.t('Train On'), prompt, value, most: 999, expected });
}
