/** Last rung: ONNX Runtime, whose binaries are in its npm package. Nothing is installed; it is only tested that it loads. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { noTelemetry } from '../base/no-telemetry';
import { runCommand } from './run-command';

const program = `
const ort = require(process.argv[1]);
if (typeof ort.InferenceSession.create !== 'function') throw new Error('error: no InferenceSession');
console.log(ort.env.versions.node ?? ort.env.versions.common);
`;

/** Resolves to the version of onnxruntime-node. Throws where the package is absent or its library does not load. */
export async function probeOnnxRuntime(signal?: AbortSignal, from: string = __dirname): Promise<string> {
  const entry = createRequire(path.join(from, 'here.js')).resolve('onnxruntime-node');
  const env = { ...process.env, ...noTelemetry, ELECTRON_RUN_AS_NODE: '1' };
  return (
    await runCommand(process.execPath, ['-e', program, entry], { env, signal, timeout: 60_000 })
  ).trim();
}
