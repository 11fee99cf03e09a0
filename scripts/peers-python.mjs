// The Python in which other libraries of flows are installed: one of the user's, or an environment in the cache folder.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebian } from './debian.mjs';
import { run, seconds, Stop } from './run.mjs';
import { fingerprint, nativeModule } from './setup.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const requirements = path.join(root, 'test', 'peers', 'requirements.txt');
/** Installs in parallel what pip downloads one by one: a minute instead of four for PyTorch and its 3 GB of libraries. */
const installer = 'uv==0.9.26';
const modules = [
  'torch',
  'numpy',
  'safetensors',
  'nflows',
  'normflows',
  'zuko',
  'FrEIA',
  'anywidget',
  'arviz',
  'debugpy',
  'distrax',
  'flowjax',
  'h5netcdf',
  'haiku',
  'ipykernel',
  'jupyterlab',
  'keras',
  'lightning',
  'marimo',
  'nbclient',
  'netCDF4',
  'numpyro',
  'pyro',
  'pytest',
  'ray',
  'ruff',
  'sbi',
  'tensorflow_probability',
];

/** Names the modules that are not there. They are not loaded, which takes half a minute for all of them. */
const lacking = `
import importlib.util, sys
print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None), sep=', ')
`;

/**
 * Path of a Python that has the libraries; installs them where it has to.
 * FLOWSCOPE_PEERS_PYTHON names one that has them already, such as the Python of an environment with PyTorch for CPUs.
 */
export async function ensurePeersPython() {
  const given = process.env.FLOWSCOPE_PEERS_PYTHON;
  if (given) {
    // A path of the current folder; a bare name is looked for where programs are.
    const chosen = /[\\/]/.test(given) ? path.resolve(given) : given;
    const { code, output } = await run(chosen, ['-c', lacking, ...modules], { quiet: true });
    if (code === 0 && output.trim() === '') return chosen;
    throw new Stop(
      `FLOWSCOPE_PEERS_PYTHON (${chosen}) lacks what test/peers/requirements.txt lists: ${lastLine(output)}`,
    );
  }
  const folder = path.join(nativeModule().cacheRoot(), `peers-${fingerprint(requirements)}`);
  const python = path.join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  const finished = path.join(folder, 'finished');
  if (fs.existsSync(finished) && fs.existsSync(python)) return python;
  await install(folder, python);
  fs.writeFileSync(finished, '');
  return python;
}

async function install(folder, python) {
  const started = performance.now();
  const base = await basePython();
  console.log(`installing the libraries of test/peers/requirements.txt into ${folder}`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  // Debian's Python comes without the part that makes environments.
  const first = await run(base, ['-m', 'venv', folder], { quiet: true });
  if (first.code !== 0) {
    await installDebian(['python3-venv'], 'environments of Python');
    fs.rmSync(folder, { recursive: true, force: true });
    await step('python -m venv', base, ['-m', 'venv', folder], 'On Debian and Ubuntu, install python3-venv.');
  }
  const pip = [python, '-m', 'pip', '--disable-pip-version-check', '--quiet'];
  const quick = await run(pip[0], [...pip.slice(1), 'install', installer], { quiet: true });
  if (quick.code === 0) {
    const index = await run(pip[0], [...pip.slice(1), 'config', 'get', 'global.index-url'], { quiet: true });
    const env = index.code === 0 ? { UV_DEFAULT_INDEX: index.output.trim() } : {};
    const args = [
      '-m',
      'uv',
      'pip',
      'install',
      '--quiet',
      '--no-cache',
      '--python',
      python,
      '-r',
      requirements,
    ];
    const { code } = await run(python, args, { env });
    if (code === 0) return console.log(`installed in ${seconds(started)}`);
  }
  await step(
    'pip install',
    pip[0],
    [...pip.slice(1), 'install', '--no-cache-dir', '-r', requirements],
    'Is the package index reachable?',
  );
  console.log(`installed in ${seconds(started)}`);
}

async function step(name, command, args, advice) {
  const { code, output } = await run(command, args, { quiet: true });
  if (code !== 0) throw new Stop(`${name} ended with ${code}: ${lastLine(output)} ${advice}`);
}

/** A Python new enough for the libraries. */
async function basePython() {
  const found = (await findPython()) ?? (await installPython());
  if (found) return found;
  throw new Stop(
    'The peers’ libraries need Python 3.11 or newer, and none was found as python3, python or py. Install it, or set ' +
      'FLOWSCOPE_PEERS_PYTHON to one that has what test/peers/requirements.txt lists.',
  );
}

async function installPython() {
  await installDebian(['python3', 'python3-venv'], 'the libraries of test/peers/requirements.txt');
  return findPython();
}

/** A Python that is new enough for the libraries and for our package, or undefined. */
export async function findPython() {
  for (const command of ['python3', 'python', 'py']) {
    const { code } = await run(command, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], {
      quiet: true,
    });
    if (code === 0) return command;
  }
  return undefined;
}

const lastLine = (output) => output.trim().split('\n').at(-1) ?? '';
