/** Recordings that the Python package made (python/tests/make_fixtures.py). */
import path from 'node:path';
import { createInspector, type Inspector } from '../../../src/engine/inspect/inspector';
import { openModel } from '../../../src/engine/open/open-model';
import type {
  InspectorAnswer,
  InspectorMethod,
  InspectorQuery,
} from '../../../src/protocol/inspector-questions';
import type { Backend } from '../../../src/engine/backends/backend';

export const recordings = path.resolve('test', 'fixtures', 'recordings');

export const recordingFile = (name: string): string => path.join(recordings, `${name}.flowrec.safetensors`);

export interface OpenedFile {
  file: string;
  inspector: Inspector;
  ask<M extends InspectorMethod>(method: M, query: InspectorQuery<M>): Promise<InspectorAnswer<M>>;
  dispose(): Promise<void>;
}

export async function openAsked(file: string, backend: Backend): Promise<OpenedFile> {
  const model = await openModel(file, backend);
  const inspector = createInspector('1', model);
  return {
    file,
    inspector,
    ask: (method, query) => inspector.ask(method, query, new AbortController().signal),
    async dispose() {
      inspector.dispose();
      await model.dispose();
    },
  };
}
