/** What commands, editors and views share. Built at the first use of any of them, not at activation. */
import path from 'node:path';
import type { ExtensionContext, Uri } from 'vscode';
import type { EngineEvents } from '../../protocol/engine';
import { EngineProcess, type EngineProcessOptions } from '../engine/engine-process';
import { engineEnvironment } from '../engine/environment';
import { InspectionEngines } from '../engine/inspection-engines';
import { offerToStop } from '../engine/offer-to-stop';
import { log } from '../log';
import { Trainings } from '../training/trainings';

export interface Services {
  context: ExtensionContext;
  inspection: InspectionEngines;
  trainings: Trainings;
  startEngine(
    name: string,
    events: Partial<EngineEvents>,
    scope?: Uri,
    room?: Partial<Pick<EngineProcessOptions, 'env' | 'limits'>>,
  ): EngineProcess;
  dispose(): Promise<void>;
}

export function createServices(context: ExtensionContext): Services {
  const startEngine: Services['startEngine'] = (name, events, scope, { env, limits } = {}) =>
    new EngineProcess({
      script: path.join(context.extensionPath, 'dist', 'engine.js'),
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
