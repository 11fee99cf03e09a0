/** Opens what a user names as a model, to run it. */
import { exists } from '../../base/exists';
import path from 'node:path';
import { featureNamesOf } from '../../checkpoint/checkpoint';
import type { ModelFile } from '../../checkpoint/model-file';
import { notRunAgain } from '../../checkpoint/recording/schema';
import { UserError } from '../../base/user-error';
import type { Model } from '../model/model';
import { readMetadata, type OnnxMetadata } from '../onnx-file/metadata';
import { readOnnx } from '../onnx-file/read';
import { openOnnxFlow } from '../onnx-flow/open-onnx-flow';
import { readFlowFile } from '../onnx-flow/pair';
import { createOnnxRunner } from '../onnx-flow/onnx-runner';
import type { OpenedRunner } from '../model/opened-runner';

/** How a program that runs a model opens files and lets go of them: a command, or an engine process. */
export interface Opening {
  /** Opens a file that is not ONNX, until `onEnd`'s releases are called, and closes it. */
  open(file: ModelFile): Promise<Model>;
  threads(): number;
  /** Says what had to be assumed. */
  note(text: string): void;
  onEnd(release: () => Promise<void> | void): void;
}

/**
 * @param direction what the caller is going to run: an ONNX file holds one direction
 * @throws UserError when there is no model, or it cannot be run
 */
export async function openRunner(
  opening: Opening,
  named: ModelFile,
  direction: 'forward' | 'inverse',
): Promise<OpenedRunner> {
  const { file } = named;
  if (named.kind === 'onnx') return openOnnx(opening, file, direction);
  const opened = await opening.open(named);
  const { flow } = opened;
  if (!flow) {
    const { reason } = await opened.summary();
    throw new UserError(`${file}: ${opened.recording ? notRunAgain : (reason ?? 'cannot be run.')}`);
  }
  const { runner, header } = flow;
  const featureNames = featureNamesOf(header);
  return { runner, file, layout: 'nhwc', model: flow, data: header.config.data, featureNames };
}

async function openOnnx(
  opening: Opening,
  source: string,
  direction: 'forward' | 'inverse',
): Promise<OpenedRunner> {
  const { file, metadata } = await partFor(source, direction);
  const { ports } = await readFlowFile(file);
  if (ports.direction !== direction) {
    // The file next to it may run that way, or its layers can be undone.
    const flow = await openOnnxFlow(file, opening.threads());
    opening.onEnd(() => flow.dispose());
    for (const note of flow.notes) opening.note(`${path.basename(file)}: ${note}.`);
    return { runner: flow.runner, file, layout: ports.layout, ...dataOf(metadata) };
  }
  const runner = await createOnnxRunner({ file, threads: opening.threads(), direction, metadata });
  opening.onEnd(() => runner.dispose());
  return { runner, file, layout: runner.layout, ...dataOf(metadata) };
}

function dataOf(metadata: OnnxMetadata | undefined): Pick<OpenedRunner, 'data' | 'featureNames'> {
  return { data: metadata?.config.data, featureNames: metadata?.standardize?.names };
}

/** An export is several files; any of them stands for the file of the requested direction, if that is next to it. */
async function partFor(file: string, direction: 'forward' | 'inverse') {
  const metadata = await metadataOf(file);
  const fits =
    !metadata || metadata.part === direction || (metadata.part === 'sample' && direction === 'inverse');
  const sibling = file.replace(/\.(forward|inverse|sample)\.onnx$/i, `.${direction}.onnx`);
  if (fits || sibling === file) return { file, metadata };
  const other = (await exists(sibling)) ? await metadataOf(sibling) : undefined;
  if (other?.part !== direction) return { file, metadata };
  if (other.set !== metadata.set) {
    throw new UserError(
      `${file}: is of another export than ${path.basename(sibling)} beside it, which runs the ${direction} direction. ` +
        `Export the flow again, or name ${path.basename(sibling)} itself.`,
    );
  }
  return { file: sibling, metadata: other };
}

async function metadataOf(file: string): Promise<OnnxMetadata | undefined> {
  return readMetadata(file, (await readOnnx(file)).summary.metadata);
}
