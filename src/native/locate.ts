/** Where the native TensorFlow lives: a folder outside the checkout and the extension, shared by every clone. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { homeFolder } from '../base/home';
import { UserError } from '../base/user-error';
import { filesAreThere, readManifest } from './manifest';
import { platformKey, tfjsNodeVersion } from './platform';

export interface NativeTensorFlow {
  folder: string;
  /** Absolute path of `tfjs_binding.node`. */
  binding: string;
  /** The TensorFlow release, such as `2.21.0`. */
  version: string;
  /** The rung of the ladder that it came from: `prebuilt` or `wheel`. */
  source: string;
}

/**
 * The user's cache folder of this product, absolute: the place of what can be downloaded or built again.
 * @throws UserError where the user has no home folder and the environment names no other
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  if (platform === 'win32')
    return path.resolve(env['LOCALAPPDATA'] ?? path.join(home(), 'AppData', 'Local'), 'flowscope', 'cache');
  if (platform === 'darwin') return path.resolve(home(), 'Library', 'Caches', 'flowscope');
  return path.resolve(env['XDG_CACHE_HOME'] || path.join(home(), '.cache'), 'flowscope');
}

/** Not a folder for temporary files: what is loaded from there, other users could have put there. */
function home(): string {
  const folder = homeFolder();
  if (folder !== undefined) return folder;
  throw new UserError(
    'There is no place for native TensorFlow, since this user has no home folder. Set FLOWSCOPE_NATIVE to a folder that only you can write to.',
  );
}

/**
 * The folder of native libraries: `FLOWSCOPE_NATIVE` where it is set, otherwise below the user's cache folder.
 * @throws UserError as `cacheRoot`
 */
export function nativeRoot(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['FLOWSCOPE_NATIVE'];
  return chosen ? path.resolve(chosen) : path.join(cacheRoot(env), 'native');
}

/** Folder name of one build: an add-on of another platform, tfjs-node or TensorFlow release never takes its place. */
export function nativeKey(tensorflow: string, platform: string = platformKey()): string {
  return `${platform}-tfjs${tfjsNodeVersion}-tf${tensorflow}`;
}

/**
 * The native TensorFlow of the newest release on this machine, or undefined where there is none. Looks at names and sizes only
 * (under a millisecond); checksums and the load test belong to the set-up.
 */
export function findNative(chosen?: string): NativeTensorFlow | undefined {
  let root: string;
  let names: string[];
  try {
    root = chosen ?? nativeRoot();
    names = readdirSync(root);
  } catch {
    return undefined;
  }
  const prefix = nativeKey('');
  const byRelease = new Intl.Collator('en', { numeric: true });
  for (const name of names
    // Flowscope once installed TensorFlow for CUDA in folders of this ending.
    .filter((entry) => entry.startsWith(prefix) && !entry.endsWith('-cuda'))
    .sort((a, b) => byRelease.compare(b, a))) {
    const folder = path.join(root, name);
    const manifest = readManifest(folder);
    if (!manifest || !filesAreThere(folder, manifest)) continue;
    return {
      folder,
      binding: path.join(folder, ...manifest.binding.split('/')),
      version: manifest.tensorflow,
      source: manifest.source,
    };
  }
  return undefined;
}
