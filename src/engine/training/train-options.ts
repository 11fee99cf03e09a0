/** Options of a training, from the code that starts it. */
import type { Origin } from '../../checkpoint/checkpoint';
import type { TrainProgress } from '../../protocol/engine';
import type { Backend } from '../backends/backend';

export interface TrainOptions {
  backend: Backend;
  /** Told where the checkpoint of a run that starts from another library's comes from. */
  onOrigin?: (origin: Origin) => void;
  /** Told what the data are and how long the training may be, before it starts. */
  onNote?: (text: string) => void;
  onProgress?: (progress: TrainProgress) => void;
  log?: (line: string) => void;
  /** Aborting saves a checkpoint and ends with status "stopped". */
  signal?: AbortSignal;
}
