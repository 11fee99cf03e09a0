/** Second rung: libtensorflow out of the Python wheel, and tfjs-node's add-on compiled against it. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkDownload } from './checksums';
import type { RungContext } from './ladder';
import type { Release, WheelPlan } from './platform';
import { firstWorking, runCommand } from './run-command';
import type { NativeSources } from './sources';

export interface Staged {
  /** Relative to the staging folder, with `/`. */
  binding: string;
  tensorflow: string;
}

/**
 * Fills `folder` with the two libraries and `tfjs_binding.node`. Needs Python with pip and a C++ compiler; throws a one-line
 * reason where one is missing or a step fails.
 */
export async function stageWheel(
  folder: string,
  plan: WheelPlan,
  sources: NativeSources,
  context: RungContext,
): Promise<Staged> {
  const { signal, progress } = context;
  const compiler = await firstWorking(plan.compiler, ['--version'], signal);
  if (!compiler) throw new Error(`no C++ compiler found (${plan.compiler.join(', ')})`);
  const python = await firstWorking(['python3', 'python', 'py'], ['-m', 'pip', '--version'], signal);
  if (!python) throw new Error('Python with pip was not found (python3 -m pip)');

  const scratch = path.join(folder, 'scratch');
  await mkdir(scratch, { recursive: true });
  const { wheel, release } = await download(scratch, plan, python.command, context);
  progress('Extracting libtensorflow from the wheel');
  await runCommand(python.command, ['-c', extractor, wheel, scratch, ...plan.libraries], { signal });
  await rm(wheel);
  for (const library of plan.libraries) {
    await rename(path.join(scratch, 'tensorflow', library), path.join(folder, library));
  }
  progress(`Compiling the add-on with ${compiler.command}`);
  await compile(folder, path.join(scratch, 'tensorflow', 'include'), plan, sources, compiler.command, signal);
  await rm(scratch, { recursive: true, force: true });
  return { binding: 'tfjs_binding.node', tensorflow: release.version };
}

async function download(
  scratch: string,
  plan: WheelPlan,
  python: string,
  context: RungContext,
): Promise<{ wheel: string; release: Release }> {
  const reasons: string[] = [];
  for (const release of plan.releases) {
    try {
      return { wheel: await downloadRelease(scratch, plan.package, release, python, context), release };
    } catch (error) {
      context.signal.throwIfAborted();
      reasons.push((error as Error).message);
    }
  }
  throw new Error(reasons[0]);
}

async function downloadRelease(
  scratch: string,
  name: string,
  release: Release,
  python: string,
  { signal, progress }: RungContext,
): Promise<string> {
  const target = path.join(scratch, `${name}-${release.version}`);
  await mkdir(target, { recursive: true });
  const label = `Downloading ${name} ${release.version}`;
  progress(label, 0, release.bytes);
  // pip says nothing useful without a terminal, so progress is read from the folder that it downloads into.
  const ticker = setInterval(() => {
    void folderSize(target).then((bytes) => progress(label, Math.min(bytes, release.bytes), release.bytes));
  }, 500);
  try {
    const args = ['-m', 'pip', 'download', '--no-deps', '--no-cache-dir', '--only-binary=:all:', '--quiet'];
    const interpreter = ['--implementation', 'cp', '--python-version', release.python];
    const tags = [...interpreter, '--platform', release.platform];
    await runCommand(python, [...args, ...tags, '--dest', target, `${name}==${release.version}`], {
      signal,
      env: { ...process.env, TMPDIR: target, TEMP: target, TMP: target, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    });
  } finally {
    clearInterval(ticker);
  }
  const file = (await readdir(target)).find((entry) => entry.endsWith('.whl'));
  if (!file) throw new Error(`pip downloaded no wheel of ${name} ${release.version}`);
  const wheel = path.join(target, file);
  progress('Checking the checksum of the download');
  await checkDownload(wheel, release.sha256, signal);
  return wheel;
}

/** Only what is used: the two libraries, and the headers that the add-on includes, directly or through others. */
const extractor = `
import sys, zipfile
wheel, target, libraries = sys.argv[1], sys.argv[2], sys.argv[3:]
headers = tuple('tensorflow/include/' + part for part in ('tensorflow/c/', 'tensorflow/core/platform/', 'xla/tsl/', 'tsl/'))
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    wanted = ['tensorflow/' + name for name in libraries]
    missing = [name for name in wanted if name not in names]
    if missing:
        sys.exit('error: the wheel has no ' + ', '.join(missing))
    archive.extractall(target, [name for name in names if name in wanted or name.startswith(headers)])
`;

async function compile(
  folder: string,
  include: string,
  plan: WheelPlan,
  sources: NativeSources,
  compiler: string,
  signal: AbortSignal,
): Promise<void> {
  const units = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(sources.binding, name));
  await runCommand(
    compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', '-o', 'tfjs_binding.node'],
      ...['-I', include, '-I', sources.nodeHeaders, ...units, '-L', '.', ...plan.link],
    ],
    { cwd: folder, signal },
  );
}

async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const info = await stat(path.join(folder, entry)).catch(() => undefined);
    if (info?.isFile()) bytes += info.size;
  }
  return bytes;
}
