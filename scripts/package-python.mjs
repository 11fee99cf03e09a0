// Builds the Python package as a wheel and a source archive, by the PyPA's own tool in an environment of its own.
//   node scripts/package.mjs --python      writes artifacts/flowscope-<version>-py3-none-any.whl and artifacts/flowscope-<version>.tar.gz
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './esbuild-options.mjs';
import { copyPythonPackage } from './package-contents.mjs';
import { findPython } from './peers-python.mjs';
import { run, Stop } from './run.mjs';

const tool = 'build==1.3.0';
const source = path.join(root, 'python');

/** Resolves to the absolute paths of the wheel and the source archive. */
export async function packagePython(to = path.join(root, 'artifacts')) {
  const base = await findPython();
  if (!base) throw new Stop('The Python package is built by Python 3.11 or newer, and none was found.');
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-python-'));
  try {
    const python = await environment(base, temporary);
    const built = path.join(temporary, 'built');
    await step(python, ['-m', 'build', '--outdir', built, await packed(temporary)]);
    fs.mkdirSync(to, { recursive: true });
    return fs.readdirSync(built).map((name) => {
      const file = path.join(to, name);
      fs.copyFileSync(path.join(built, name), file);
      return file;
    });
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

async function environment(base, folder) {
  const made = path.join(folder, 'environment');
  await step(base, ['-m', 'venv', made]);
  const python = path.join(
    made,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  await step(python, ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', tool]);
  return python;
}

async function step(python, args) {
  const { code, output } = await run(python, args, { quiet: true });
  if (code !== 0)
    throw new Stop(`${[python, ...args].join(' ')} ended with ${code}: ${output.trim().split('\n').at(-1)}`);
}

/** What the archives hold: no tests, the inspector's page, and the license of the repository. */
async function packed(temporary) {
  copyPythonPackage(temporary);
  const folder = path.join(temporary, 'python');
  // It needs esbuild, which a fresh clone does not have when this file is read.
  const { build, recordingBundles, writeRecordingPage } = await import('./build.mjs');
  const [dist, page] = [path.join(temporary, 'dist'), path.join(folder, 'flowscope', 'page')];
  await build({ production: true, outdir: dist, only: recordingBundles });
  await writeRecordingPage(path.join(dist, 'webview'));
  fs.mkdirSync(page);
  fs.copyFileSync(path.join(dist, 'webview', 'recording.html'), path.join(page, 'recording.html'));
  for (const name of ['pyproject.toml', 'README.md'])
    fs.copyFileSync(path.join(source, name), path.join(folder, name));
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  return folder;
}
