/** Last rung: ONNX Runtime, whose binaries are in its npm package. Nothing is installed; it is only tested that it loads. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { noTelemetry } from '../base/no-telemetry';
import { runNode } from './run-command';

const program = `
const ort = require(process.argv[1]);
if (typeof ort.InferenceSession.create !== 'function') throw new Error('error: no InferenceSession');
console.log(ort.env.versions.node ?? ort.env.versions.common);
`;

/** An ONNX model that copies a vector `x` to `y`, in base64. */
export const identityModel =
  'CAg6OQoQCgF4EgF5IghJZGVudGl0eRIBZ1oQCgF4EgsKCQgBEgUKAxIBTmIQCgF5EgsKCQgBEgUKAxIBTkIECgAQEQ==';

const gpuProgram = `
const ort = require(process.argv[1]);
const model = Buffer.from('${identityModel}', 'base64');
ort.InferenceSession.create(model, { executionProviders: ['webgpu'], logSeverityLevel: 4 })
  .then((session) => session.run({ x: new ort.Tensor('float32', Float32Array.of(5), [1]) }))
  .then(({ y }) => process.exit(y.data[0] === 5 ? 0 : 1))
  .catch((error) => { console.error('error: ' + error.message.replace(/^.*: /s, '')); process.exit(1); });
`;

/** Resolves to the version of onnxruntime-node. Throws where the package is absent or its library does not load. */
export function probeOnnxRuntime(signal?: AbortSignal): Promise<string> {
  return withRuntime(program, signal);
}

/** Folders in which drivers of Vulkan say that they are there. */
function vulkanFolders({
  XDG_DATA_DIRS,
  XDG_CONFIG_DIRS,
  XDG_DATA_HOME,
  HOME = '',
}: NodeJS.ProcessEnv): string[] {
  const shared = (XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':');
  const configured = (XDG_CONFIG_DIRS || '/etc/xdg').split(':');
  const home = XDG_DATA_HOME || path.join(HOME, '.local/share');
  return [...shared, ...configured, home, '/etc', '/run/opengl-driver/share'].map((folder) =>
    path.join(folder, 'vulkan/icd.d'),
  );
}

/** Resolves to why no GPU can be used through WebGPU, or to undefined where one can. */
export async function probeWebGpu(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const named = env['VK_ICD_FILENAMES'] ?? env['VK_DRIVER_FILES'] ?? env['VK_ADD_DRIVER_FILES'];
  // Most machines without a GPU show it here, before a library is loaded.
  if (process.platform === 'linux' && !named && !vulkanFolders(env).some((folder) => existsSync(folder)))
    return 'no driver of Vulkan is installed';
  try {
    await withRuntime(gpuProgram);
    return undefined;
  } catch (error) {
    const why = (error as Error).message;
    return /No supported adapters/.test(why) ? 'no adapter was found' : why;
  }
}

async function withRuntime(script: string, signal?: AbortSignal): Promise<string> {
  const entry = createRequire(__filename).resolve('onnxruntime-node');
  return runNode(script, entry, { env: noTelemetry, signal, timeout: 60_000 });
}
