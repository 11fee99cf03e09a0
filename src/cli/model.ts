/** Opens what a user names as MODEL, to run it. */
import { loadCheckpoint, type CheckpointHeader } from '../checkpoint/checkpoint';
import { resolveModelPath } from '../checkpoint/resolve-model';
import type { DataConfig } from '../config/schema';
import { UserError } from '../config/user-error';
import { createFlowRunner } from '../engine/use/flow-runner';
import type { Layout } from '../engine/use/layout';
import { createOnnxRunner } from '../engine/use/onnx-runner';
import type { FlowRunner } from '../engine/use/runner';
import { buildFlow, buildPreprocess } from '../flow/real-nvp';
import { openBackend, threadsOf } from './backend';
import type { Session } from './session';

export const modelHelp = {
  name: 'MODEL',
  help: 'A run folder (its best checkpoint), a .flow.safetensors checkpoint, or an .onnx file.',
};

export interface OpenedRunner {
  runner: FlowRunner;
  /** Absolute path of the file that was opened. */
  file: string;
  layout: Layout;
  /** How the training data were read. */
  data?: DataConfig;
  featureNames?: string[];
  header?: CheckpointHeader;
}

/**
 * @param direction what the caller is going to run: an ONNX file holds one direction
 * @throws UserError when there is no model, or it cannot be run
 */
export async function openRunner(
  session: Session,
  given: string,
  direction: 'forward' | 'inverse',
): Promise<OpenedRunner> {
  const { kind, file } = await resolveModelPath(given);
  if (kind === 'safetensors') {
    throw new UserError(
      `${file}: was not written by Flowscope, so its architecture is not known and it cannot be run. See its tensors with flowscope info.`,
    );
  }
  if (kind === 'onnx') return openOnnx(session, file, direction);
  const checkpoint = await loadCheckpoint(file);
  const { config, standardize, data, tensors } = checkpoint;
  const backend = await openBackend(session);
  const flow = buildFlow(config.model);
  const preprocess = buildPreprocess(config.model, flow, standardize);
  const runner = createFlowRunner({
    config: config.model,
    flow,
    ...(preprocess ? { preprocess } : {}),
    tensors,
    backend,
  });
  session.onEnd(() => runner.dispose());
  const featureNames = standardize?.names ?? data?.featureNames;
  return {
    runner,
    file,
    layout: 'nhwc',
    data: config.data,
    ...(featureNames ? { featureNames } : {}),
    header: checkpoint,
  };
}

async function openOnnx(
  session: Session,
  file: string,
  direction: 'forward' | 'inverse',
): Promise<OpenedRunner> {
  const runner = await createOnnxRunner({ file, threads: threadsOf(session), direction });
  session.onEnd(() => runner.dispose());
  return { runner, file, layout: runner.layout };
}
