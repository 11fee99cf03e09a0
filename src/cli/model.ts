/** Opens what a user names as MODEL, to run it. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Origin } from '../checkpoint/checkpoint';
import { resolveModelPath } from '../checkpoint/resolve-model';
import { sidecarPath } from '../checkpoint/sidecar';
import type { DataConfig } from '../config/schema';
import { UserError } from '../config/user-error';
import type { FlowModel } from '../engine/model/flow-model';
import { openModel, type OpenModel } from '../engine/model/open-model';
import { readMetadata, type OnnxMetadata } from '../engine/onnx-file/metadata';
import { readOnnx } from '../engine/onnx-file/read';
import { openOnnxFlow } from '../engine/onnx-flow/open-onnx-flow';
import { readFlowFile } from '../engine/onnx-flow/pair';
import type { Layout } from '../engine/use/layout';
import { createOnnxRunner } from '../engine/use/onnx-runner';
import type { FlowRunner } from '../engine/use/runner';
import { openBackend, threadsOf } from './backend';
import type { Session } from './session';

export const modelHelp = {
  name: 'MODEL',
  help: 'A run folder (its best checkpoint), a .flow.safetensors checkpoint, a checkpoint of another library (.pt, .pth, .safetensors), or an .onnx file.',
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
 * Opens a model until the command ends, and says on standard error what had to be assumed of it.
 * @throws UserError when there is no model
 */
export async function openForSession(session: Session, given: string): Promise<OpenModel> {
  const model = await openModel(given, await openBackend(session));
  session.onEnd(() => model.dispose());
  const origin = model.flow?.header.origin;
  if (origin) noteOrigin(session, origin);
  return model;
}

/** What a file of another library does not say, so that nobody takes numbers for granted that rest on a default. */
export function noteOrigin(session: Session, origin: Origin): void {
  if (origin.assumptions.length === 0) return;
  const assumed = origin.assumptions.join('; ');
  session.progress.note(`${origin.title ?? origin.fileName}. Not in the file: ${assumed}.`);
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
  if (kind === 'onnx') return openOnnx(session, file, direction);
  const opened = await openForSession(session, given);
  const { flow } = opened;
  if (!flow) {
    const { reason } = await opened.summary();
    throw new UserError(`${file}: ${reason ?? 'cannot be run.'}`);
  }
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
  const { ports } = await readFlowFile(file);
  if (ports.direction !== direction) {
    // The file beside it may run that way, or its layers can be undone.
    const flow = await openOnnxFlow(file, threadsOf(session));
    session.onEnd(() => flow.dispose());
    for (const note of flow.notes) session.progress.note(`${path.basename(file)}: ${note}.`);
    return { runner: flow.runner, file, layout: ports.layout, ...dataOf(own) };
  }
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
    ...dataOf(own),
  };
}

function dataOf(own: OnnxMetadata | undefined): Pick<OpenedRunner, 'data' | 'featureNames'> {
  return {
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

/** @throws UserError saying where the examples of `--split` would have to come from */
export function modelWithData(
  { model, file, data }: OpenedRunner,
  split: string,
  instead: string,
): FlowModel {
  if (!model) {
    throw new UserError(
      `--split ${split}: ${file} does not lead to the data of its run; use the checkpoint, or ${instead}.`,
    );
  }
  if (!data) {
    throw new UserError(
      `--split ${split}: ${file} does not say which data its flow was trained on; use ${instead}, or name the data in a "data" section of ${sidecarPath(file)}.`,
    );
  }
  return model;
}
