/** Small flows with parameters that leave nothing trivial, saved as checkpoints and opened as a user would. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { saveCheckpoint, type Checkpoint } from '../../../src/checkpoint/checkpoint';
import { runConfigSchema } from '../../../src/config/schema';
import { UserError } from '../../../src/base/user-error';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createInspector, type Inspector } from '../../../src/engine/inspect/inspector';
import type { FlowModel } from '../../../src/engine/model/flow-model';
import { openModel } from '../../../src/engine/open/open-model';
import type { Model } from '../../../src/engine/model/model';
import { buildFlow } from '../../../src/flow/flow';
import { movedValues, type Values } from '../../contract/eager';

export const digitsModel = {
  kind: 'image',
  height: 8,
  width: 8,
  channels: 1,
  levels: 17,
  scales: 2,
  base: 4,
  blocks: 1,
};
export const moonsModel = { kind: 'vector', dim: 2, couplings: 4, hidden: [8], flowNorm: true };
export const standardize = { mean: [0.5, 0.25], std: [0.9, 0.5], names: ['x', 'y'] };

export interface SmallModel {
  folder: string;
  file: string;
  opened: Model;
  flow: FlowModel;
  inspector: Inspector;
  dispose(): Promise<void>;
}

export interface SmallModelOptions {
  data?: Record<string, unknown>;
  training?: Record<string, unknown>;
  standardize?: Checkpoint['standardize'];
  change?: (values: Values) => void;
}

/** For `assert.rejects`: an error that the user is told, in these words. */
export const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof UserError && (assert.match(error.message, pattern), true);

export const anySignal = (): AbortSignal => new AbortController().signal;

export async function smallModel(
  model: Record<string, unknown>,
  source: string,
  options: SmallModelOptions = {},
): Promise<SmallModel> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-inspect-'));
  const config = v.parse(runConfigSchema, {
    data: { source, ...options.data },
    training: options.training ?? {},
    model,
  });
  const values = movedValues(buildFlow(config.model), 5);
  options.change?.(values);
  const file = path.join(folder, 'small.flow.safetensors');
  await saveCheckpoint(file, {
    config,
    step: 7,
    seconds: 1,
    tensors: values,
    ...(options.standardize ? { standardize: options.standardize } : {}),
  });
  const opened = await openModel(file, await createOnnxRuntimeBackend({ threads: 1, reason: 'test' }));
  const inspector = createInspector('1', opened);
  return {
    folder,
    file,
    opened,
    flow: opened.flow!,
    inspector,
    async dispose() {
      inspector.dispose();
      await opened.dispose();
      await rm(folder, { recursive: true });
    },
  };
}
