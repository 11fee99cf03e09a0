/** Where the native TensorFlow lives: a folder outside the checkout and the extension, shared by every clone. */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
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

/** The user's cache folder of this product, absolute: the place of what can be downloaded or built again. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  if (platform === 'win32')
    return path.resolve(
      env['LOCALAPPDATA'] ?? path.join(homedir(), 'AppData', 'Local'),
      'flowscope',
      'cache',
    );
  if (platform === 'darwin') return path.resolve(homedir(), 'Library', 'Caches', 'flowscope');
  return path.resolve(env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'flowscope');
}

/** The folder of native libraries: `FLOWSCOPE_NATIVE` where it is set, otherwise below the user's cache folder. */
export function nativeRoot(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['FLOWSCOPE_NATIVE'];
  return chosen ? path.resolve(chosen) : path.join(cacheRoot(env), 'native');
}

/** Folder name of one build: an add-on of another platform, tfjs-node or TensorFlow release never takes its place. */
export function nativeKey(tensorflow: string, platform: string = platformKey()): string {
  return `${keyPrefix(platform)}${tensorflow}`;
}

function keyPrefix(platform: string): string {
  return `${platform}-tfjs${tfjsNodeVersion}-tf`;
}

/**
 * The native TensorFlow of this machine, or undefined where there is none. Looks at names and sizes only (under a
 * millisecond); checksums and the load test belong to the set-up.
 */
export function findNative(root: string = nativeRoot()): NativeTensorFlow | undefined {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return undefined;
  }
  const prefix = keyPrefix(platformKey());
  const byRelease = new Intl.Collator('en', { numeric: true });
  for (const name of names
    .filter((entry) => entry.startsWith(prefix))
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
