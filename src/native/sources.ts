/**
 * Finds tfjs-node's package (its add-on sources, and where its prebuilt files are published) and the Node-API headers:
 * next to the bundle in the packaged extension (`native-sources/`), in `node_modules` in a checkout.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { UserError } from '../base/user-error';

export interface NativeSources {
  /** Folder of `tfjs_backend.cc` and `tfjs_binding.cc`. */
  binding: string;
  /** Folder of `node_api.h`. */
  nodeHeaders: string;
  /** tfjs-node's package folder, or the packaged part of it. */
  tfjsNode: string;
}

export function findSources(from: string = __dirname): NativeSources {
  const tfjsNode = packageFolder(from, '@tensorflow/tfjs-node');
  const headers = packageFolder(from, 'node-api-headers');
  return { binding: path.join(tfjsNode, 'binding'), nodeHeaders: path.join(headers, 'include'), tfjsNode };
}

function packageFolder(from: string, name: string): string {
  const packaged = path.join(from, 'native-sources', ...name.split('/'));
  if (existsSync(packaged)) return packaged;
  try {
    return path.dirname(createRequire(path.join(from, 'here.js')).resolve(`${name}/package.json`));
  } catch {
    throw new UserError(
      `The package ${name} was not found next to ${from}. Run npm ci, or install the extension again.`,
    );
  }
}

/** What tfjs-node's own install script would download on this platform. */
export interface PrebuiltFiles {
  /** The add-on (`lib/napi-v8/tfjs_binding.node` in a tar.gz), linked against `../../deps/lib`. */
  addon: string;
  /** libtensorflow with `lib/` and `include/`. */
  library: string;
  tensorflow: string;
}

const systems: Record<string, string> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/**
 * Reads the addresses out of tfjs-node's package, so that they belong to its release (and its environment variables for
 * mirrors keep working). Undefined where nothing is published for the platform.
 */
export function prebuiltFiles(
  tfjsNode: string,
  platform: string = process.platform,
  arch: string = process.arch,
  env: NodeJS.ProcessEnv = process.env,
): PrebuiltFiles | undefined {
  const system = systems[platform];
  if (arch !== 'x64' || !system) return undefined;
  const { version, binary } = JSON.parse(readFileSync(path.join(tfjsNode, 'package.json'), 'utf8')) as {
    version: string;
    binary: { host: string; remote_path: string; napi_versions: number[] };
  };
  const install = readFileSync(path.join(tfjsNode, 'scripts', 'install.js'), 'utf8');
  const constants = readFileSync(path.join(tfjsNode, 'scripts', 'deps-constants.js'), 'utf8');
  const tensorflow = /LIBTENSORFLOW_VERSION = '([\d.]+)'/.exec(constants)?.[1];
  const host = /CDN_STORAGE \|\| '([^']+)'/.exec(install)?.[1];
  const folder = /\$\{BASE_HOST\}([^`]+)`/.exec(install)?.[1];
  if (!tensorflow || !host || !folder) return undefined;

  const extension = platform === 'win32' ? 'zip' : 'tar.gz';
  const napi = Math.max(...binary.napi_versions);
  const remote = binary.remote_path
    .replace('{napi_build_version}', String(napi))
    .replace('{version}', version);
  const base =
    env['TFJS_NODE_BASE_URI'] ?? `${env['TFJS_NODE_CDN_STORAGE'] ?? env['CDN_STORAGE'] ?? host}${folder}`;
  return {
    addon: `${binary.host}/${remote.replace(/^\.\//, '').replace(/\/$/, '')}/CPU-${system}-${version}.${extension}`,
    library: `${base}cpu-${system}-x86_64-${tensorflow}.${extension}`,
    tensorflow,
  };
}
