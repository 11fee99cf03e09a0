/** The engines of inspectors, as the extension has them. */
import path from 'node:path';
import { EngineProcess, type MemoryLimits } from '../../src/extension/engine/engine-process';
import { InspectionEngines } from '../../src/extension/engine/inspection-engines';
import { type Room, sharedRoom } from '../../src/extension/engine/inspection-limits';

interface Options {
  onSilent?: (file?: { path: string }) => void;
  /** Instead of the usual ones, for files of other software, and for our own. */
  limits?: MemoryLimits;
  ownLimits?: MemoryLimits;
  grace?: number;
}

export function inspectionEngines({
  onSilent = () => undefined,
  limits,
  ownLimits,
  grace = 100,
}: Options = {}) {
  const start = (room: Room): EngineProcess =>
    new EngineProcess({
      script: path.resolve('dist', 'cli.js'),
      name: room.name,
      env: { ...room.env, FLOWSCOPE_BACKEND: 'onnxruntime', FLOWSCOPE_THREADS: '1' },
      limits: room.limits && ((room === sharedRoom ? ownLimits : limits) ?? room.limits),
      events: {},
      log: () => undefined,
    });
  return new InspectionEngines(start, onSilent, grace);
}

/** As much of a file's Uri as matters here. */
export const named = (name: string) => ({ path: name, toString: () => name });
