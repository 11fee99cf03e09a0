// What every command needs first: the right Node, the packages of the lockfile, a build, native TensorFlow.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebian } from './debian.mjs';
import { npm, run, seconds, Stop } from './run.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const oldest = [20, 19];

export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new Stop(`Flowscope needs Node ${oldest.join('.')} or newer; this is Node ${version}.`);
  }
}

/**
 * Whether node_modules holds what the lockfile asks for. npm keeps its own account of what it installed, written last, so an
 * interrupted installation does not count. Packages for other platforms are rightly absent.
 */
export function packagesMatch(folder = root) {
  const read = (...names) => JSON.parse(fs.readFileSync(path.join(folder, ...names), 'utf8')).packages;
  try {
    const wanted = read('package-lock.json');
    const installed = read('node_modules', '.package-lock.json');
    return Object.entries(wanted).every(([name, entry]) => {
      if (name === '' || entry.link) return true;
      if (!installed[name]) return entry.optional === true || entry.peer === true;
      return installed[name].version === entry.version && installed[name].integrity === entry.integrity;
    });
  } catch {
    return false;
  }
}

export async function ensurePackages() {
  if (packagesMatch()) return;
  const started = performance.now();
  console.log('installing the packages of package-lock.json (npm ci)');
  const { code, output } = await npm(['ci', '--no-progress'], { cwd: root, quiet: true });
  if (code !== 0) {
    console.error(output.trim().split('\n').slice(-15).join('\n'));
    throw new Stop(`npm ci ended with ${code}. Is the npm registry reachable?`);
  }
  console.log(`packages installed in ${seconds(started)}`);
}

export async function buildAll(options) {
  const started = performance.now();
  const { build } = await import('./build.mjs');
  await build(options);
  console.log(`built in ${seconds(started)}`);
}

/** The native ladder, from its bundle. */
export const nativeModule = () => createRequire(import.meta.url)(path.join(root, 'dist', 'native.js'));

/**
 * Verifies or makes the native TensorFlow. Where its tools are missing and we are root on Debian, they are installed and the
 * ladder is climbed again. Resolves to the ladder's result.
 */
export async function ensureNative() {
  const started = performance.now();
  const { ensureNative: ensure, formatBytes } = nativeModule();
  const show = progressLine(formatBytes);
  const climb = () => ensure({ log: (line) => show.log(line), onProgress: show.progress });
  let result = await climb();
  if (!result.native && process.platform === 'linux') {
    const missing = await missingTools();
    const reason =
      missing.length > 0 ? await installDebian(missing, 'to build native TensorFlow') : 'nothing to add';
    if (!reason) result = await climb();
    else if (missing.length > 0) console.log(`native TensorFlow needs ${missing.join(', ')}: ${reason}`);
  }
  show.end();
  console.log(`native part ready in ${seconds(started)}`);
  return result;
}

async function missingTools() {
  const works = async (command, ...args) => (await run(command, args, { quiet: true })).code === 0;
  const missing = [];
  if (!(await works('g++', '--version'))) missing.push('g++');
  if (!(await works('python3', '-m', 'pip', '--version'))) missing.push('python3', 'python3-pip');
  return missing;
}

/** Progress of a download: rewritten in place on a terminal, a line at every tenth elsewhere. */
function progressLine(formatBytes) {
  let last = '';
  let open = false;
  const end = () => {
    if (open) process.stdout.write('\n');
    open = false;
  };
  return {
    end,
    log(line) {
      end();
      console.log(line);
    },
    progress({ message, bytes, total }) {
      const share = total ? (bytes ?? 0) / total : undefined;
      if (process.stdout.isTTY) {
        const text =
          share === undefined ? message : `${message}: ${formatBytes(bytes)} of ${formatBytes(total)}`;
        process.stdout.write(`\r    ${text.padEnd(70)}`);
        open = true;
        return;
      }
      const step = share === undefined ? message : `${message} ${Math.floor(share * 10) * 10}%`;
      if (step !== last) console.log(`    ${step}`);
      last = step;
    },
  };
}

/** Everything, in order. Resolves to the ladder's result. */
export async function setup() {
  requireNode();
  await ensurePackages();
  await buildAll();
  return ensureNative();
}

/** Names a cache of something that is installed from a lockfile. */
export const fingerprint = (...files) =>
  files
    .reduce((hash, file) => hash.update(fs.readFileSync(file)), createHash('sha256'))
    .digest('hex')
    .slice(0, 12);
