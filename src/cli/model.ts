/** Opens what a user names as MODEL, to run it. */
import { stat } from 'node:fs/promises';
import { resolveModelPath } from '../checkpoint/resolve-model';
import type { DataConfig } from '../config/schema';
import { UserError } from '../config/user-error';
import type { FlowModel } from '../engine/model/flow-model';
import { openModel } from '../engine/model/open-model';
import { readMetadata, type OnnxMetadata } from '../engine/onnx-file/metadata';
import { readOnnx } from '../engine/onnx-file/read';
import type { Layout } from '../engine/use/layout';
import { createOnnxRunner } from '../engine/use/onnx-runner';
import type { FlowRunner } from '../engine/use/runner';
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
  /** A checkpoint's whole model, with its data; absent for ONNX files. */
  model?: FlowModel;
  /** How the training data were read. */
  data?: DataConfig;
  featureNames?: string[];
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
  if (kind === 'safetensors' || kind === 'torch') {
    throw new UserError(
      `${file}: was not written by Flowscope, so its architecture is not known and it cannot be run. See its tensors with flowscope info.`,
    );
  }
  if (kind === 'onnx') return openOnnx(session, file, direction);
  const model = await openModel(given, await openBackend(session));
  session.onEnd(() => model.dispose());
  const flow = model.flow!;
  const { runner, header } = flow;
  const featureNames = header.standardize?.names ?? header.data?.featureNames;
  return {
    runner,
    file,
    layout: 'nhwc',
    model: flow,
    ...(header.config.data ? { data: header.config.data } : {}),
    ...(featureNames ? { featureNames } : {}),
  };
}

async function openOnnx(
  session: Session,
  given: string,
  direction: 'forward' | 'inverse',
): Promise<OpenedRunner> {
  const { file, own } = await partFor(given, direction);
  const runner = await createOnnxRunner({
    file,
    threads: threadsOf(session),
    direction,
    ...(own ? { own } : {}),
  });
  session.onEnd(() => runner.dispose());
  return {
    runner,
    file,
    layout: runner.layout,
    ...(own?.config.data ? { data: own.config.data } : {}),
    ...(own?.standardize?.names ? { featureNames: own.standardize.names } : {}),
  };
}

/** An export is several files; any of them stands for the one of the direction asked for, when that lies beside it. */
async function partFor(
  file: string,
  direction: 'forward' | 'inverse',
): Promise<{ file: string; own: OnnxMetadata | undefined }> {
  const own = await metadataOf(file);
  const fits = !own || own.part === direction || (own.part === 'sample' && direction === 'inverse');
  const sibling = file.replace(/\.(forward|inverse|sample)\.onnx$/i, `.${direction}.onnx`);
  if (fits || sibling === file) return { file, own };
  const other = await stat(sibling).then(
    () => metadataOf(sibling),
    () => undefined,
  );
  return other?.part === direction ? { file: sibling, own: other } : { file, own };
}

async function metadataOf(file: string): Promise<OnnxMetadata | undefined> {
  return readMetadata(file, (await readOnnx(file)).summary.metadata);
}
