/** Messages of the child process that installs native TensorFlow. Closing its channel cancels it. */
import type { ErrorData } from './wire';

export type NativeChildMessage =
  | { kind: 'log'; line: string }
  | { kind: 'progress'; rung: string; message: string; bytes?: number; total?: number }
  | {
      kind: 'done';
      /** Release of TensorFlow; undefined where only ONNX Runtime is to be had. */
      tensorflow?: string;
      cached: boolean;
      failures: { rung: string; reason: string }[];
    }
  | { kind: 'failed'; error: ErrorData };
