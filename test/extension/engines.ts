/** Engines of inspection of a test's own, on one thread each. */
import path from 'node:path';
import { EngineProcess } from '../../src/extension/engine/engine-process';
import { InspectionEngines } from '../../src/extension/engine/inspection-engines';
import { ours } from './ours';

export function inspectionEngines(more: NodeJS.ProcessEnv = {}): InspectionEngines {
  const env = { FLOWSCOPE_BACKEND: 'onnxruntime', FLOWSCOPE_THREADS: '1', ...more };
  const script = path.join(ours().extensionPath, 'dist', 'cli.js');
  return new InspectionEngines(
    (room) =>
      new EngineProcess({
        ...room,
        ...{ script, env: { ...room.env, ...env }, events: {}, log: () => undefined },
      }),
    () => undefined,
    100,
  );
}
