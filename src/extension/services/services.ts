/** What commands, editors and views share. Built at the first use of any of them, not at activation. */
import path from 'node:path';
import { type ExtensionContext, type Uri, l10n } from 'vscode';
import type { EngineEvents } from '../../protocol/engine';
import { EngineProcess, type EngineProcessOptions } from '../engine/engine-process';
import { engineEnvironment } from '../engine/environment';
import { InspectionEngines, type FileName } from '../engine/inspection-engines';
import { log } from '../log';
import { Trainings } from '../training/trainings';
import { offer } from '../offer';
import { isModelFile } from '../view-types';

export type Services = ReturnType<typeof createServices>;

export function createServices(context: ExtensionContext) {
  const startEngine = (
    name: string,
    events: Partial<EngineEvents>,
    scope?: Uri,
    { env, limits }: Partial<Pick<EngineProcessOptions, 'env' | 'limits'>> = {},
  ): EngineProcess =>
    new EngineProcess({
      script: path.join(context.extensionPath, 'dist', 'cli.js'),
      env: { ...engineEnvironment(context, scope), ...env },
      name,
      limits,
      events: { log: (line) => log().info(`${name}: ${line}`), ...events },
      log: (line) => log().info(line),
    });
  const inspection: InspectionEngines = new InspectionEngines(
    (room) => startEngine(room.name, {}, undefined, room),
    (file) => void offerToStop(inspection, file),
  );
  const trainings = new Trainings(context, startEngine);
  return {
    context,
    inspection,
    trainings,
    startEngine,
    dispose: async () => {
      await Promise.all([trainings.dispose(), inspection.dispose()]);
    },
  };
}

/** Offered when a file, or without one Flowscope's own models, have not answered for some seconds. */
function offerToStop(engines: InspectionEngines, file?: FileName): Promise<void> {
  const stop = (): unknown => engines.stop(file);
  if (!file)
    // Their common engine cannot say any more which of them it is.
    return offer(
      'warning',
      l10n.t(
        'Checkpoints and recordings of Flowscope have not answered for some seconds. What one of them computes may never end.',
      ),
      { [l10n.t('Stop These Models')]: stop },
    );
  const name = path.posix.basename(file.path);
  return offer(
    'warning',
    l10n.t('{0} has not answered for some seconds. What it computes may never end.', name),
    { [isModelFile(file) ? l10n.t('Stop This Model') : l10n.t('Stop Reading It')]: stop },
  );
}
