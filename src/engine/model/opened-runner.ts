/** A flow that was opened to be run. */
import { sidecarPath } from '../../checkpoint/sidecar';
import type { DataConfig } from '../../config/schema';
import { UserError } from '../../base/user-error';
import type { FlowModel } from './flow-model';
import type { Layout, FlowRunner } from './runner';

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
