/** Makes sure that a native TensorFlow is there: verifies the cached one, or climbs the ladder and puts a new one in place. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { climb, type Climb, type ClimbOptions, type Rung, type RungContext } from './ladder';
import { loadTest } from './load-test';
import { findNative, nativeKey, nativeRoot, type NativeTensorFlow } from './locate';
import { damageOf, readManifest, writeManifest } from './manifest';
import { probeOnnxRuntime } from './onnxruntime';
import { platformKey, tfjsNodeVersion, wheelPlans } from './platform';
import { stagePrebuilt } from './prebuilt';
import { findSources } from './sources';
import { stageWheel, type Staged } from './wheel';

export interface EnsureOptions extends ClimbOptions {
  root?: string;
  /** Replaces the steps in tests. */
  steps?: Partial<Steps>;
}

export interface Steps {
  prebuilt: (folder: string, context: RungContext) => Promise<Staged>;
  wheel: (folder: string, context: RungContext) => Promise<Staged>;
  onnxruntime: (context: RungContext) => Promise<string>;
  loadTest: (binding: string, signal?: AbortSignal) => Promise<unknown>;
}

export interface EnsureResult {
  /** Undefined where only ONNX Runtime is to be had. */
  native?: NativeTensorFlow;
  onnxruntime?: string;
  /** True where nothing had to be downloaded or built. */
  cached: boolean;
  failures: Climb<unknown>['failures'];
}

const stagingPrefix = '.staging-';

/**
 * Verifies the cached native TensorFlow (checksums of every file and a load test, without network), or climbs the ladder.
 * A new one is staged in the root, verified, then renamed into place, so that an interrupted run leaves nothing half made.
 * Throws an AbortError when canceled, and an Error with all reasons if not even ONNX Runtime loads.
 */
export async function ensureNative(options: EnsureOptions = {}): Promise<EnsureResult> {
  const { root = nativeRoot(), signal, log = () => undefined } = options;
  const steps: Steps = { ...realSteps(), ...options.steps };
  signal?.throwIfAborted();
  for (let cached = findNative(root); cached; cached = findNative(root)) {
    const problem = await problemOf(cached, steps, signal);
    if (!problem) {
      log(`native TensorFlow ${cached.version} (${cached.source}) is verified in ${cached.folder}`);
      return { native: cached, cached: true, failures: [] };
    }
    log(`the native TensorFlow in ${cached.folder} is damaged and is installed again: ${problem}`);
    await rm(cached.folder, { recursive: true, force: true });
  }

  await mkdir(root, { recursive: true });
  await removeStale(root);
  const { result, failures } = await climb(rungsOf(root, steps), options);
  if (result.native) {
    log(`native TensorFlow ${result.native.version} is ready in ${result.native.folder}`);
  } else {
    log(`using ONNX Runtime ${result.onnxruntime}: it trains, opens, runs and exports flows`);
  }
  return { ...result, cached: false, failures };
}

type Outcome = Pick<EnsureResult, 'native' | 'onnxruntime'>;

function rungsOf(root: string, steps: Steps): Rung<Outcome>[] {
  const wheel = wheelPlans[platformKey()];
  const libtensorflow = (source: string, stage: Steps['wheel']): Rung<Outcome>['attempt'] => {
    return async (context) => ({ native: await install(root, source, stage, steps, context) });
  };
  return [
    {
      name: 'prebuilt',
      what: "tfjs-node's own prebuilt add-on and libtensorflow",
      downloadBytes: 120_000_000,
      attempt: libtensorflow('prebuilt', steps.prebuilt),
    },
    {
      name: 'wheel',
      what: "libtensorflow from the Python wheel, with tfjs-node's add-on compiled against it",
      downloadBytes: wheel?.releases[0]?.bytes ?? 0,
      attempt: libtensorflow('wheel', steps.wheel),
    },
    {
      name: 'onnxruntime',
      what: 'ONNX Runtime, which is installed with the npm packages',
      downloadBytes: 0,
      attempt: async (context) => ({ onnxruntime: await steps.onnxruntime(context) }),
    },
  ];
}

async function install(
  root: string,
  source: string,
  stage: Steps['wheel'],
  steps: Steps,
  context: RungContext,
): Promise<NativeTensorFlow> {
  const staging = path.join(root, `${stagingPrefix}${process.pid}-${randomUUID().slice(0, 8)}`);
  await mkdir(staging, { recursive: true });
  try {
    const staged = await stage(staging, context);
    context.progress('Testing that it loads and computes');
    await steps.loadTest(path.join(staging, ...staged.binding.split('/')), context.signal);
    context.progress('Writing the checksums');
    const { binding, tensorflow } = staged;
    await writeManifest(staging, { tfjsNode: tfjsNodeVersion, tensorflow, source, binding }, context.signal);
    context.signal.throwIfAborted();
    await moveIntoPlace(staging, path.join(root, nativeKey(tensorflow)));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  const native = findNative(root);
  if (!native) throw new Error(`the new folder in ${root} cannot be read`);
  return native;
}

async function moveIntoPlace(staging: string, target: string): Promise<void> {
  try {
    await rename(staging, target);
  } catch (error) {
    // Another process was faster: what it put there was verified by it in the same way. Anything else is in the way.
    const manifest = readManifest(target);
    if (manifest && (await damageOf(target, manifest)).length === 0) return;
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    await rm(target, { recursive: true, force: true });
    await rename(staging, target);
  }
}

async function problemOf(
  native: NativeTensorFlow,
  steps: Steps,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const manifest = readManifest(native.folder);
  if (!manifest) return 'its manifest cannot be read';
  const damage = await damageOf(native.folder, manifest, signal);
  if (damage.length > 0) return damage.join(', ');
  try {
    await steps.loadTest(native.binding, signal);
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    return (error as Error).message;
  }
}

/** Folders that a killed run left behind; a day is longer than any run takes. */
async function removeStale(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(stagingPrefix)) continue;
    const folder = path.join(root, name);
    const age = Date.now() - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > 86_400_000) await rm(folder, { recursive: true, force: true });
  }
}

function realSteps(): Steps {
  return {
    prebuilt: (folder, context) => stagePrebuilt(folder, findSources(), context),
    wheel: (folder, context) => {
      const plan = wheelPlans[platformKey()];
      if (!plan) throw new Error(`the wheel has no libtensorflow for ${platformKey()}`);
      return stageWheel(folder, plan, findSources(), context);
    },
    onnxruntime: ({ signal }) => probeOnnxRuntime(signal),
    loadTest,
  };
}
