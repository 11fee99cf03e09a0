/** Whatever a user opened. */
import type { TensorFile } from '../../checkpoint/import/types';
import type { ModelOutline, RecordingInfo } from '../../protocol/model';
import type { FlowModel } from './flow-model';
import type { InspectedFlow } from './inspected-flow';

export interface Model {
  /** Absolute path of the file. */
  file: string;
  /** Absolute path of the run folder that it lies in. */
  run?: string;
  /** What views ask. Absent for a file that can only be described; the summary says why. */
  inspected?: InspectedFlow;
  /** The flow's own definition, to be traced: not of ONNX files, whose flow was found in their graph. */
  flow?: FlowModel;
  /** What can be asked of a recording. */
  recording?: RecordingInfo;
  /** A file whose flow is not known; stays open until `dispose`. */
  tensorFile?: TensorFile;
  /** Read again each time: data and checkpoints next to the file come and go. */
  summary(): Promise<ModelOutline>;
  dispose(): Promise<void>;
}
