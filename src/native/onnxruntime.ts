/** Last rung: ONNX Runtime, whose binaries are in its npm package. Nothing is installed; it is only tested that it loads. */
import { createRequire } from 'node:module';
import { noTelemetry } from '../base/no-telemetry';
import { runNode } from './run-command';

const program = `
const ort = require(process.argv[1]);
if (typeof ort.InferenceSession.create !== 'function') throw new Error('error: no InferenceSession');
console.log(ort.env.versions.node ?? ort.env.versions.common);
`;

/** Resolves to the version of onnxruntime-node. Throws where the package is absent or its library does not load. */
export async function probeOnnxRuntime(signal?: AbortSignal): Promise<string> {
  const entry = createRequire(__filename).resolve('onnxruntime-node');
  return runNode(program, entry, { env: noTelemetry, signal, timeout: 60_000 });
}
