import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { commands, l10n, ProgressLocation, window } from 'vscode';
import type { SlurmJob } from '../../protocol/launch';
import { rememberRun } from '../runs/find-runs';
import type { Services } from '../services/services';
import type { Plan } from '../training/wizard';

/** Prepares a run on this machine, which can take a while, and has Slurm train it. */
export async function submit(services: Services, { request, scope }: Plan, job: SlurmJob): Promise<void> {
  const name = path.basename(request.output);
  const engine = services.startEngine(`submit ${name}`, {}, scope);
  const token = randomUUID();
  try {
    const submitted = await window.withProgress(
      {
        location: ProgressLocation.Notification,
        title: l10n.t('Preparing {0} for Slurm', name),
        cancellable: true,
      },
      (_, cancellation) => {
        cancellation.onCancellationRequested(() => void engine.api.cancel(token).catch(() => undefined));
        return engine.api.submit(request, job, token);
      },
    );
    await rememberRun(services.context.workspaceState, submitted.run);
    await commands.executeCommand('flowscope.refreshRuns');
    void window.showInformationMessage(l10n.t('Job {0} of Slurm trains {1}.', submitted.job, name));
  } finally {
    await engine.stop();
  }
}
