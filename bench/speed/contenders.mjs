// Those who are timed, each in a process of its own that prints one line of JSON: Flowscope on its two backends, and the
// peers in PyTorch, eager and compiled.
import { spawn } from 'node:child_process';
import path from 'node:path';
import esbuild from 'esbuild';
import { nodeOptions } from '../../scripts/esbuild-options.mjs';
import { ensurePeersPython } from '../../scripts/peers-python.mjs';
import { Stop } from '../../scripts/run.mjs';
import { root } from '../quality/support.mjs';

export const backends = ['tensorflow', 'onnxruntime'];
const modes = ['eager', 'compile'];

/** Programs of the peers, and what they are called. */
const peers = {
  torch: { program: 'torch_realnvp.py', title: 'PyTorch' },
  glow: { program: 'torch_glow.py', title: 'PyTorch' },
  cfm: { program: 'torch_cfm.py', title: 'PyTorch' },
  zuko: { program: 'zuko_flow.py', title: 'zuko' },
  cnf: { program: 'zuko_cnf.py', title: 'zuko' },
  nflows: { program: 'nflows_flow.py', title: 'nflows' },
};

/** The ways to run a peer, each a contender. */
export const waysOf = (peer) => modes.map((mode) => `${peer}-${mode}`);

export const isPeer = (contender) => !(contender in ownTitles);

/** Of a contender that is a peer. */
export function peerOf(contender) {
  const [name, mode] = contender.split('-');
  return { ...peers[name], mode };
}

const worker = path.join(root, 'out', 'bench', 'speed', 'worker.js');

const ownTitles = {
  tensorflow: 'Flowscope, TensorFlow',
  onnxruntime: 'Flowscope, ONNX Runtime',
  webgpu: 'Flowscope, WebGPU',
};

const modeTitles = { eager: 'eager', compile: 'compiled', gpu: 'on the GPU' };
const modeOptions = { eager: [], compile: ['--compile'], gpu: ['--device', 'gpu'] };

export function titleOf(contender) {
  if (!isPeer(contender)) return ownTitles[contender];
  const { title, mode } = peerOf(contender);
  return `${title}, ${modeTitles[mode]}`;
}

/** Builds what our two run. */
export async function buildWorker() {
  await esbuild.build({
    ...nodeOptions,
    entryPoints: {
      worker: path.join('bench', 'speed', 'worker.ts'),
      'onnx-thread': path.join('src', 'engine', 'backends', 'onnx-thread.ts'),
    },
    outdir: path.dirname(worker),
  });
}

/** The Python with PyTorch, installed where it has to be; or why there is none, which its cells say then. */
export async function findPeer() {
  try {
    return { python: await ensurePeersPython() };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log(`PyTorch is left out: ${error.message}`);
    return { missing: error.message };
  }
}

/**
 * Runs one contender to its end and gives the line it prints, or { unavailable: why }.
 * @param {{contender: string, threads: number, peer?: {python: string} | {missing: string}, options: string[],
 *   node?: string[]}} what `options` are those of the program, `node` those of Node
 */
export async function measure({ contender, threads, peer, options, node = [] }) {
  const isOther = isPeer(contender);
  if (isOther && peer.missing) return { unavailable: peer.missing };
  const shared = [...options, '--threads', String(threads)];
  const [command, args] = isOther
    ? [peer.python, [...peerCommand(contender), ...shared]]
    : [process.execPath, [...node, worker, '--backend', contender, ...shared]];
  const { code, out, err } = await finished(command, args, threads);
  const line = out
    .trim()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  if (code === 0 && line) return JSON.parse(line);
  return { unavailable: reason(err) ?? `it ended with ${code}` };
}

function peerCommand(contender) {
  const { program, mode } = peerOf(contender);
  return [path.join(root, 'bench', 'peer', program), ...modeOptions[mode]];
}

/** TensorFlow and PyTorch take the number of threads of OpenMP from the environment. */
function finished(command, args, threads) {
  return new Promise((resolve) => {
    const env = { ...process.env, OMP_NUM_THREADS: String(threads), TF_CPP_MIN_LOG_LEVEL: '3' };
    delete env.FLOWSCOPE_BACKEND;
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err = (err + text).slice(-20_000)));
    child.on('error', (error) => resolve({ code: 127, out, err: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, out, err }));
  });
}

/** The last line that is not one of a library's warnings. */
function reason(err) {
  return err
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '' && !/warning/i.test(line))
    .at(-1);
}
