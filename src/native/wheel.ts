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

/** Everything after this folder's removal is what the native folder keeps. */
const scratchName = 'scratch';

/**
 * Fills `folder` with the two libraries, `tfjs_binding.node`, and what lies beside them. Needs Python with pip and a C++ compiler; throws a
 * one-line reason where one is missing or a step fails.
 */
export async function stageWheel(
  folder: string,
  plan: WheelPlan,
  sources: NativeSources,
  context: RungContext,
): Promise<Staged> {
  const { signal, progress } = context;
  const compiler = await firstWorking(
    plan.compiler.map((name) => [name, '--version'] as const),
    signal,
  );
  if (!compiler) throw new Error(`no C++ compiler found (${plan.compiler.join(', ')})`);
  const python = await firstWorking(
    ['python3', 'python', 'py'].map((name) => [name, '-m', 'pip', '--version'] as const),
    signal,
  );
  if (!python) throw new Error('Python with pip was not found (python3 -m pip)');

  const scratch = path.join(folder, scratchName);
  await mkdir(scratch, { recursive: true });
  const { wheel, release } = await download(scratch, plan, python.command, context);
  progress('Extracting libtensorflow from the wheel');
  await extract(wheel, scratch, plan, python.command, signal);
  await rm(wheel);
  // The libraries look for others in ../nvidia, so they have a folder of their own where there are such.
  const home = plan.beside ? path.join(folder, 'tensorflow') : folder;
  await mkdir(home, { recursive: true });
  for (const library of plan.libraries) {
    await rename(path.join(scratch, 'tensorflow', library), path.join(home, library));
  }
  if (plan.beside) await addCuda(folder, plan.beside, scratch, python.command, context);
  progress(`Compiling the add-on with ${compiler.command}`);
  await compile(home, path.join(scratch, 'tensorflow', 'include'), plan, sources, compiler.command, signal);
  await rm(scratch, { recursive: true, force: true });
  const name = 'tfjs_binding.node';
  return { binding: plan.beside ? `tensorflow/${name}` : name, tensorflow: release.version };
}

/** Shared libraries, and what compiles kernels; neither headers nor what programs are linked with. */
const cudaExtractor = `
import os, re, sys, zipfile
wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    wanted = re.compile(r'nvidia/\\w+/(lib/[^/]+\\.so[.\\d]*|bin/ptxas|nvvm/libdevice/.+)')
    names = [name for name in archive.namelist() if wanted.fullmatch(name)]
    if not names:
        sys.exit('error: the wheel has no libraries')
    archive.extractall(target, names)
    for name in names:
        if '/bin/' in name:
            os.chmod(os.path.join(target, name), 0o755)
`;

/**
 * libtensorflow opens these itself, and uses no GPU where it does not find one of them. Returned is an absl::Status: 1 is all well.
 * No GPU is needed for this.
 */
const cudaCheck = `
import ctypes, sys
library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
opened = library['_ZN3tsl8internal9DsoLoader26MaybeTryDlopenGPULibrariesEv']
status = (ctypes.c_void_p * 4)()
opened.argtypes = [ctypes.c_void_p]
opened(status)
if status[0] != 1:
    sys.exit('error: libtensorflow does not find the libraries of CUDA')
`;

async function addCuda(
  folder: string,
  beside: Readonly<Record<string, Release>>,
  scratch: string,
  python: string,
  context: RungContext,
): Promise<void> {
  const { signal, progress } = context;
  for (const [name, release] of Object.entries(beside)) {
    const wheel = await downloadRelease(scratch, name, release, python, context);
    progress(`Extracting ${name}`);
    await runCommand(python, ['-c', cudaExtractor, wheel, folder], { signal });
    await rm(wheel);
  }
  // The one that libtensorflow_framework, which opens them all, has no path to.
  const libraries = path.join(folder, 'nvidia');
  await rename(
    path.join(libraries, 'cusolver', 'lib', 'libcusolver.so.11'),
    path.join(libraries, 'cublas', 'lib', 'libcusolver.so.11'),
  );
  progress('Testing that libtensorflow finds the libraries of CUDA');
  await runCommand(python, ['-c', cudaCheck, path.join(folder, 'tensorflow', 'libtensorflow_cc.so.2')], {
    signal,
  });
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
    const tags = [
      '--implementation',
      'cp',
      '--python-version',
      release.python,
      '--platform',
      release.platform,
    ];
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

async function extract(
  wheel: string,
  scratch: string,
  plan: WheelPlan,
  python: string,
  signal: AbortSignal,
): Promise<void> {
  await runCommand(python, ['-c', extractor, wheel, scratch, ...plan.libraries], { signal });
}

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
