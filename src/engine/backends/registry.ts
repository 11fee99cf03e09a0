/** What is known of each backend; `src/protocol/backends.ts` has their names, for processes that run none. */
import type { Graph } from '../../graph/ir';
import { nodesOffGpu } from '../../graph/passes/few-buffers';
import type { Pipeline } from '../../graph/passes/pass';
import {
  mergeAndCleanUp,
  onnxPasses,
  tensorFlowProgram,
  tensorFlowStateful,
} from '../../graph/pipelines/pipelines';
import { onnxRuntimeLines, nativeLines, webGpuLine, type DoctorLine } from '../../native/doctor';
import { findNative } from '../../native/locate';
import type { BackendName } from '../../protocol/backends';
import type { Backend } from './backend';
import { createOnnxRuntimeBackend } from './onnxruntime';
import { blockOfThisMachine } from './onnxruntime-blocks';
import { createTensorFlowBackend } from './tensorflow';
import { createWebGpuBackend, stepsAhead, webGpuLimits } from './webgpu';

export interface BackendEntry {
  /** What users install. */
  product: string;
  /** Its library where it is installed, found without loading it; absent for what comes with Flowscope. */
  installed?(): string | undefined;
  /** @throws where it is not installed or does not load */
  create(options: { threads: number; reason: string }): Promise<Backend>;
  /** With "auto" it is chosen only where a step of the model takes less time on it. */
  byTiming?: boolean;
  /** All passes from a traced graph to the one that runs on this machine; the backend need not be installed. */
  passes(graph: { stateful: boolean }): Promise<Pipeline>;
  /** See `Backend`. */
  stepsAhead?: number;
  /** What of such a graph the processor computes in the place of the device, and why. */
  onProcessor?(graph: Graph): string[];
  /** What `flowscope doctor` says of it; never throws. */
  doctor(): Promise<DoctorLine[]>;
}

/** In the order in which one for training is looked for; the last comes with Flowscope. */
export const backends: Readonly<Record<BackendName, BackendEntry>> = {
  tensorflow: {
    product: 'native TensorFlow',
    installed() {
      const native = findNative();
      return native && `TensorFlow ${native.version}`;
    },
    create: createTensorFlowBackend,
    passes: ({ stateful }) =>
      Promise.resolve(stateful ? tensorFlowStateful : [...mergeAndCleanUp, ...tensorFlowProgram]),
    doctor: nativeLines,
  },
  onnxruntime: {
    product: 'ONNX Runtime',
    create: createOnnxRuntimeBackend,
    passes: async () => onnxPasses({ rearrange: true, block: await blockOfThisMachine() }),
    doctor: onnxRuntimeLines,
  },
  webgpu: {
    product: 'WebGPU',
    byTiming: true,
    stepsAhead,
    create: createWebGpuBackend,
    passes: () => Promise.resolve(onnxPasses({ gpu: true })),
    onProcessor: nodesOffGpu,
    async doctor() {
      const line = await webGpuLine();
      return [line.state === 'ok' ? { ...line, value: `${line.value}; ${await webGpuLimits()}` } : line];
    },
  },
};
