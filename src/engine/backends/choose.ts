/** Which backend computes. */
import { availableParallelism } from 'node:os';
import { UserError } from '../../base/user-error';
import {
  backendPreferences,
  isBackendPreference,
  type BackendName,
  type BackendPreference,
} from '../../protocol/backends';
import { probeWebGpu } from '../../native/onnxruntime';
import type { Backend, Rival } from './backend';
import { handingOver } from './by-time';
import { slowAtProducts } from './gpu-speed';
import { backends } from './registry';

/** It compiles sooner than TensorFlow, needs less memory and runs flows faster. */
const runsFlows: BackendName = 'onnxruntime';

/**
 * The requested backend, and where the request comes from; undefined where there is none.
 * @throws UserError when FLOWSCOPE_BACKEND names none
 */
export function backendChoice(
  preference: BackendPreference,
): { name: BackendName; reason: string } | undefined {
  if (preference !== 'auto') return { name: preference, reason: 'chosen by option or setting' };
  const name = process.env['FLOWSCOPE_BACKEND'] || 'auto';
  if (!isBackendPreference(name)) {
    const expected = `${backendPreferences.slice(0, -1).join(', ')} or ${backendPreferences.at(-1)}`;
    throw new UserError(`FLOWSCOPE_BACKEND is "${name}"; ${expected} is expected.`);
  }
  return name === 'auto' ? undefined : { name, reason: 'chosen by FLOWSCOPE_BACKEND' };
}

/**
 * The preferred backend; with "auto" the one of FLOWSCOPE_BACKEND, otherwise the first that is installed and loads.
 * `info.reason` says why.
 *
 * @throws UserError when a backend that was asked for cannot be used, or FLOWSCOPE_BACKEND names none.
 */
export async function chooseBackend(
  preference: BackendPreference = 'auto',
  threads: number = availableParallelism(),
): Promise<Backend> {
  const choice = backendChoice(preference);
  if (choice) return backends[choice.name].create({ threads, reason: choice.reason });
  // The same each time: two would keep a lost device alive between them.
  let found: Promise<Rival | undefined> | undefined;
  const rival = (): Promise<Rival | undefined> => (found ??= onTheGpu(threads));
  return Object.assign(await firstToLoad(threads), { rival });
}

/** The GPU's, where there is one: looked for in a process of its own, since drivers write to standard error and may crash. */
async function onTheGpu(threads: number): Promise<Rival | undefined> {
  if ((await probeWebGpu()) !== undefined) return undefined;
  try {
    const slow = await slowAtProducts(threads);
    if (slow !== undefined) return { slow };
    return { backend: await backends.webgpu.create({ threads, reason: 'a GPU was found' }) };
  } catch {
    return undefined;
  }
}

/**
 * The first backend that is installed and loads.
 * @param reason by default which of them is installed, and why those before cannot be used
 * @throws what the last one throws where none loads
 */
export async function firstToLoad(threads: number, reason?: string): Promise<Backend> {
  let failure: unknown;
  let why: string | undefined;
  for (const { product, installed, create, byTiming } of Object.values(backends)) {
    if (byTiming) continue;
    if (installed && installed() === undefined) {
      why = `${product} is not installed`;
      continue;
    }
    try {
      return await create({ threads, reason: reason ?? why ?? `${product} was found` });
    } catch (error) {
      failure = error;
      why = `${product} was found but cannot be used: ${(error as Error).message}`;
    }
  }
  throw failure;
}

/**
 * The backend that runs flows. Unless another one was asked for, that is ONNX Runtime, with the GPU for long runs that take less time
 * there; `otherwise` where it cannot be loaded.
 *
 * @throws UserError as `chooseBackend`
 */
export async function chooseInferenceBackend(
  preference: BackendPreference,
  threads: number,
  {
    onnx = backends[runsFlows].create,
    otherwise = () => chooseBackend(preference, threads),
    log,
  }: {
    onnx?: (options: { threads: number; reason: string }) => Promise<Backend>;
    otherwise?: () => Promise<Backend>;
    log?: ((line: string) => void) | undefined;
  } = {},
): Promise<Backend> {
  const choice = backendChoice(preference);
  if (choice && choice.name !== runsFlows) return otherwise();
  const reason = choice?.reason ?? 'runs flows; native TensorFlow, where there is one, trains them';
  const openGpu = async (): Promise<Backend | undefined> => {
    const rival = await onTheGpu(threads);
    if (rival && 'backend' in rival) return rival.backend;
    if (rival) log?.(`Scoring or sampling stays on the processor: ${rival.slow}.`);
    return undefined;
  };
  return onnx({ threads, reason }).then(
    (backend) => (choice ? backend : handingOver(backend, openGpu, log)),
    otherwise,
  );
}
