/** What commands, editors and views share. Built at the first use of any of them, not at activation. */
import path from 'node:path';
import type { ExtensionContext, Uri } from 'vscode';
import type { EngineEvents } from '../protocol/engine';
import { EngineProcess } from './engine/engine-process';
import { engineEnvironment } from './engine/environment';
import { InspectionEngines } from './engine/inspection-engines';
import { offerToStop } from './engine/offer-to-stop';
import { log } from './log';
import { Trainings } from './training/trainings';

export interface Services {
  context: ExtensionContext;
  inspection: InspectionEngines;
  trainings: Trainings;
  startEngine(
    name: string,
    events: Partial<EngineEvents>,
    scope?: Uri,
    env?: Record<string, string>,
  ): EngineProcess;
  dispose(): Promise<void>;
}

/**
 * Compiling a large flow takes and leaves blocks of many megabytes. On Linux the C library would keep them for the next of
 * their size, up to a gigabyte of them; with a fixed threshold it gives them back. Training, which needs the same blocks in
 * every step, is better off without.
 */
const inspectionMemory = { MALLOC_MMAP_THRESHOLD_: String(2 ** 18) };

export function createServices(context: ExtensionContext): Services {
  const startEngine: Services['startEngine'] = (name, events, scope, env = {}) =>
    new EngineProcess({
      script: path.join(context.extensionPath, 'dist', 'engine.js'),
      env: { ...engineEnvironment(context, scope), ...env },
      name,
      events: { log: (line) => log().info(`${name}: ${line}`), ...events },
      log: (line) => log().info(line),
    });
  const inspection = new InspectionEngines(
    (name) => startEngine(name, {}, undefined, inspectionMemory),
    (file) => void offerToStop(file),
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
