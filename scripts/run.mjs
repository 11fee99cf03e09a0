// Small helpers of the scripts: run a program, run npm, find a port, tell times.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

// For other programs that scripts start, such as Python's ONNX Runtime in tests (src/base/no-telemetry.ts).
process.env.ORT_DISABLE_TELEMETRY ??= '1';

/**
 * Runs a program without a shell and resolves to { code, output }. Its output is shown, unless `quiet`, which collects it.
 * Without `cwd` it runs in a new and empty folder, which is removed afterwards: Python takes a `pip.py` of the current folder
 * for pip, and Windows looks for programs there first. Never rejects: a program that cannot be started has code 127.
 */
export async function run(command, args, options = {}) {
  if (options.cwd !== undefined) return runIn(command, args, options);
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'flowscope-run-'));
  try {
    return await runIn(command, args, { ...options, cwd, env: { ...options.env, PYTHONSAFEPATH: '1' } });
  } finally {
    await fs.promises.rm(cwd, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

function runIn(command, args, { cwd, env, quiet = false, timeout, shell = false }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout,
      shell,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    const collect = (text) => (output = (output + text).slice(-2_000_000));
    child.stdout?.setEncoding('utf8').on('data', collect);
    child.stderr?.setEncoding('utf8').on('data', collect);
    child.once('error', (error) => resolve({ code: 127, output: error.message }));
    child.once('close', (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), output }));
  });
}

/** npm under the Node that runs us, in the folder `cwd` that it is about. On Windows npm is a batch file, which only a shell starts. */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  if (script && /\.c?js$/.test(script)) return run(process.execPath, [script, ...args], options);
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** A free port of this machine. */
export function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A one-line reason and exit code 1: for what the user can put right. */
export class Stop extends Error {}

export function main(body) {
  body().catch((error) => {
    console.error(error instanceof Stop ? error.message : error);
    process.exitCode = 1;
  });
}
