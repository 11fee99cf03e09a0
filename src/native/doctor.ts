/** What `flowscope doctor` prints: what this machine has, what is missing and what to do about it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { formatBytes, reasonOf } from './ladder';
import { loadTest } from './load-test';
import { findNative, nativeRoot } from './locate';
import { probeOnnxRuntime, probeWebGpu } from './onnxruntime';
import { platformKey, wheelPlans } from './platform';
import { firstWorking, runNode } from './run-command';

export interface DoctorLine {
  /** Stable key for `--json`, such as `native`. */
  name: string;
  label: string;
  /** `missing` keeps something from working; `note` is good to know. */
  state: 'ok' | 'note' | 'missing';
  value: string;
  /** What to do, where something can be done. */
  advice?: string;
}

const minimumNode = '20.19.0';

/** Examines the machine; takes a second or two, since libraries are loaded in processes of their own. Never throws. */
export async function doctorLines(
  backends: readonly { doctor(): Promise<DoctorLine[]> }[],
): Promise<DoctorLine[]> {
  const examined: DoctorLine[] = [];
  for (const { doctor } of backends) examined.push(...(await doctor()));
  return [
    nodeLine(),
    {
      name: 'machine',
      label: 'Machine',
      state: 'ok',
      value: `${platformKey()}, ${cpus()[0]?.model.trim() ?? 'processor unknown'}, memory ${formatBytes(totalmem())}`,
    },
    threadsLine(),
    ...examined,
    await sharpLine(),
    ...(await toolLines()),
  ];
}

function nodeLine(): DoctorLine {
  const line = { name: 'node', label: 'Node', value: process.versions.node };
  if (process.versions.node.localeCompare(minimumNode, 'en', { numeric: true }) >= 0)
    return { ...line, state: 'ok' };
  return { ...line, state: 'missing', advice: `Flowscope needs Node ${minimumNode} or newer.` };
}

function threadsLine(): DoctorLine {
  const chosen = process.env['TF_NUM_INTRAOP_THREADS'] ?? process.env['OMP_NUM_THREADS'];
  const value = `${availableParallelism()} available${chosen ? `, limited to ${chosen} by the environment` : ''}`;
  return { name: 'threads', label: 'Threads', state: 'ok', value };
}

export async function nativeLines(): Promise<DoctorLine[]> {
  const line = { name: 'native', label: 'Native TensorFlow' };
  const advice =
    'Run Flowscope: Install Native TensorFlow in VS Code, or npm start in a checkout. Without it ONNX Runtime trains.';
  const native = findNative();
  try {
    if (!native) return [{ ...line, state: 'note', value: `none in ${nativeRoot()}`, advice }];
    const version = await loadTest(native.binding);
    return [{ ...line, state: 'ok', value: `${version} (${native.source}) in ${native.folder}` }];
  } catch (error) {
    return [
      {
        ...line,
        state: 'note',
        value: native ? `${native.folder} cannot be loaded: ${reasonOf(error)}` : reasonOf(error),
        advice,
      },
    ];
  }
}

export async function onnxRuntimeLines(): Promise<DoctorLine[]> {
  const line = { name: 'onnxruntime', label: 'ONNX Runtime' };
  try {
    return [{ ...line, state: 'ok', value: await probeOnnxRuntime() }];
  } catch (error) {
    const advice = 'Install the packages again (npm ci), or the extension for this platform.';
    return [{ ...line, state: 'missing', value: reasonOf(error), advice }];
  }
}

/** Programs that name the GPUs and drivers of a system, and the lines that do. */
const gpuTools: Partial<Record<NodeJS.Platform, { command: [string, ...string[]]; lines: RegExp }>> = {
  linux: { command: ['vulkaninfo', '--summary'], lines: /(?:deviceName|driverInfo)\s*= (.*)/g },
  darwin: {
    command: ['system_profiler', 'SPDisplaysDataType'],
    lines: /(?:Chipset Model|Metal Support): (.*)/g,
  },
  win32: {
    command: [
      'powershell',
      '-NoProfile',
      '-Command',
      'Get-CimInstance Win32_VideoController | Format-List Name, DriverVersion',
    ],
    lines: /(?:Name|DriverVersion)\s*: (.*)/g,
  },
};

/** What WebGPU computes on. ONNX Runtime does not tell, so that the system is asked. */
export async function webGpuLine(): Promise<DoctorLine> {
  const line = { name: 'gpu', label: 'GPU (WebGPU)' };
  const tool = gpuTools[process.platform];
  const listed = tool && (await firstWorking([tool.command[0]], tool.command.slice(1)))?.output;
  const names = [...(listed?.matchAll(tool!.lines) ?? [])].map(([, name]) => name!.trim()).join(', ');
  const why = await probeWebGpu();
  if (why === undefined)
    return { ...line, state: 'ok', value: names || 'found; no program on this machine tells its name' };
  return {
    ...line,
    state: 'note',
    value: `${why}${names && `; the system lists ${names}`}`,
    advice:
      'Flows are trained on the processor. A GPU needs a driver of Vulkan, Metal or Direct3D 12: docs/gpu.md.',
  };
}

async function sharpLine(): Promise<DoctorLine> {
  const line = { name: 'sharp', label: 'Images (sharp)' };
  try {
    const program =
      "import(process.argv[1]).then(({ default: sharp }) => console.log(sharp.versions.sharp + ', libvips ' + sharp.versions.vips))";
    // Found from there, as this program finds it.
    const value = await runNode(program, 'sharp', { cwd: path.dirname(__filename) });
    return { ...line, state: 'ok', value };
  } catch (error) {
    const advice = 'Install the packages again (npm ci).';
    return { ...line, state: 'missing', value: reasonOf(error), advice };
  }
}

/** The tools with which native TensorFlow is built where no prebuilt one is to be had. */
async function toolLines(): Promise<DoctorLine[]> {
  const needed = findNative() ? 'ok' : 'note';
  const compiler = await firstWorking(wheelPlans[platformKey()]?.compiler ?? ['g++'], ['--version']);
  const pip = await firstWorking(['python3', 'python', 'py'], ['-m', 'pip', '--version']);
  return [
    {
      name: 'compiler',
      label: 'C++ compiler',
      state: compiler ? 'ok' : needed,
      value: compiler?.output.split('\n')[0] ?? 'none',
      ...(compiler ? {} : { advice: installAdvice('g++', 'build-essential') }),
    },
    {
      name: 'pip',
      label: 'Python with pip',
      state: pip ? 'ok' : needed,
      value: pip?.output.replace(/ from .*?(?= \(|$)/, '') ?? 'none',
      ...(pip ? {} : { advice: installAdvice('Python with pip', 'python3-pip') }),
    },
  ];
}

function installAdvice(what: string, debian: string): string {
  const how = process.platform === 'linux' && isDebian() ? `: apt-get install ${debian}` : '';
  return `Only needed to build native TensorFlow. Install ${what}${how}.`;
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
