/** The Python that trainings are started with, and our package for it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../base/user-error';
import { firstWorking, runCommand } from '../../../native/run-command';

export interface Python {
  /** Its path. */
  command: string;
  /** Minor version of Python 3. */
  minor: number;
  /** Versions of libraries; Ray may be missing. */
  torch: string;
  ray: string | null;
}

/** The first release of Ray that we start, and the last Python 3 that it has packages for. */
const firstRay = '2.53';
const lastMinor = 14;

const training = { purpose: 'Training with PyTorch', needs: ['torch', 'numpy', 'safetensors'] };

/** Told on one line: the versions of what trainings import, null for what is missing. */
const question = [
  'import importlib.metadata, importlib.util, json, sys',
  'def version(name):',
  '    return importlib.metadata.version(name) if importlib.util.find_spec(name) else None',
  'print(json.dumps({"executable": sys.executable, "python": sys.version_info[:2], **{name: version(name) for name in ("torch", "numpy", "safetensors", "ray")}}))',
].join('\n');

/** The Python that FLOWSCOPE_PYTHON names, or the active environment's, or the one on the search path. */
function candidates(env: NodeJS.ProcessEnv): string[] {
  const setting = env['FLOWSCOPE_PYTHON'];
  if (setting) return [setting];
  const inside = (folder: string): string =>
    process.platform === 'win32'
      ? path.join(folder, env['VIRTUAL_ENV'] === folder ? 'Scripts' : '', 'python.exe')
      : path.join(folder, 'bin', 'python');
  const active = [env['VIRTUAL_ENV'], env['CONDA_PREFIX']].flatMap((folder) =>
    folder ? [inside(folder)] : [],
  );
  return [...active, 'python3', 'python'];
}

const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}` : names.join('');

/**
 * @param purpose what it is for, and the modules that this needs
 * @throws UserError that says what is missing and how to get it
 */
export async function findPython(
  env: NodeJS.ProcessEnv = process.env,
  { purpose, needs }: { purpose: string; needs: readonly string[] } = training,
): Promise<Python> {
  const names = candidates(env);
  const found = await firstWorking(names, ['-c', 'print()']);
  if (!found) {
    throw new UserError(
      `${purpose} needs Python, and ${names.join(', ')} cannot be run. Install Python 3.10 or newer, or name one in FLOWSCOPE_PYTHON.`,
    );
  }
  const { command } = found;
  const has = JSON.parse(await runCommand(command, ['-c', question])) as Record<string, unknown>;
  const [major, minor] = has['python'] as [number, number];
  if (major < 3 || (major === 3 && minor < 10)) {
    throw new UserError(
      `${purpose} needs Python 3.10 or newer; ${command} is ${major}.${minor}. Name another one in FLOWSCOPE_PYTHON.`,
    );
  }
  const missing = needs.filter((name) => has[name] === null);
  if (missing.length > 0) {
    throw new UserError(
      `${purpose} needs ${listed(missing)}, which ${command} lacks. Install with ` +
        `"${command} -m pip install ${missing.join(' ')}", or name another Python in FLOWSCOPE_PYTHON.`,
    );
  }
  const { executable, torch, ray } = has as { executable: string; torch: string; ray: string | null };
  return { command: executable || command, minor, torch, ray };
}

/** Its version. @throws UserError where it is missing or of another version than we know */
export function rayOf({ command, minor, ray }: Python): string {
  const install = `"${command} -m pip install 'ray>=${firstRay},<3'"`;
  if (ray !== null) {
    if (ray.startsWith('2.') && Number(ray.split('.')[1]) >= Number(firstRay.split('.')[1])) return ray;
    throw new UserError(
      `Training with Ray needs Ray ${firstRay} or newer and older than 3; ${command} has ${ray}. Install with ${install}.`,
    );
  }
  throw new UserError(
    `Training with Ray needs Ray, which ${command} lacks. ` +
      (minor <= lastMinor
        ? `Install with ${install}, or name another Python in FLOWSCOPE_PYTHON.`
        : `It has no packages for Python 3.${minor}. Name a Python 3.10 to 3.${lastMinor} in FLOWSCOPE_PYTHON.`),
  );
}

/** Where our package is run, and the environment that finds it there: not the current folder, where Python would take anybody's torch.py. */
export function pythonPlace(): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = packageFolder();
  const { NODE_OPTIONS: _, ...env } = process.env;
  return {
    cwd,
    env: {
      ...env,
      PYTHONPATH: [cwd, ...(env['PYTHONPATH'] ? [env['PYTHONPATH']] : [])].join(path.delimiter),
      PYTHONSAFEPATH: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUTF8: '1',
    },
  };
}

/** The folder that holds the package: next to the bundle's folder in the product, in the current one in tests. */
export function packageFolder(): string {
  const places = [path.join(__dirname, '..', 'python'), path.join(process.cwd(), 'python')];
  const found = places.find((folder) => existsSync(path.join(folder, 'flowscope', 'train.py')));
  if (!found) throw new Error(`The Python package is missing; looked for ${places.join(' and ')}.`);
  return found;
}
