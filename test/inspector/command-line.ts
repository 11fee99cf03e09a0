/** The command line that ships with the extension: the same numbers, computed outside of the window. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { encodeNpy } from '../../src/data/npy';
import { readNpz } from '../unit/support/npz';
import { runHere, type Outcome } from '../unit/cli/run-here';

/** In this process, which is not the engine's; where a package is tested, by the command line in it. */
export async function flowscope<T>(...args: string[]): Promise<T> {
  const given = [...args, '--json', '--quiet', '--backend', 'onnxruntime'];
  const packaged = process.env['FLOWSCOPE_TEST_CLI'];
  const { code, stdout, stderr } = packaged ? await runPackaged(packaged, given) : await runHere(...given);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

async function runPackaged(program: string, args: readonly string[]): Promise<Outcome> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    maxBuffer: 2 ** 26,
  });
  return { code: 0, stdout, stderr };
}

export interface Scores {
  nats: number[];
  bitsPerDim?: number[];
}

export function score(model: string, input: string): Promise<Scores> {
  return flowscope<Scores>('score', model, '--input', input);
}

export interface Numbers {
  shape: readonly number[];
  data: Float32Array;
}

/** The arrays that a command writes as .npz: `sample`, `interpolate`, `reconstruct`. */
export async function arrays<Name extends string>(
  command: string,
  model: string,
  options: Readonly<Record<string, string | number>> = {},
): Promise<Record<Name, Numbers>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flowscope-arrays-'));
  try {
    const output = path.join(folder, 'out.npz');
    const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await flowscope(command, model, '--output', output, ...given);
    const archive = await readNpz(output);
    const found: Partial<Record<string, Numbers>> = {};
    for (const name of archive.names) {
      const { shape, data } = archive.array(name);
      found[name] = { shape, data: Float32Array.from(data as ArrayLike<number>) };
    }
    return found as Record<Name, Numbers>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** x of latents, or latents of x, in pixels and raw coordinates; log-dets are those of the whole way. */
export async function apply<Direction extends 'forward' | 'inverse'>(
  direction: Direction,
  model: string,
  input: Numbers,
): Promise<Record<(Direction extends 'forward' ? 'z' : 'x') | 'logdet' | 'logdet_layers', Numbers>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flowscope-input-'));
  try {
    const file = path.join(folder, 'in.npy');
    writeFileSync(file, encodeNpy(input));
    return await arrays('apply', model, { direction, input: file, space: 'data' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Means over the examples of what each part adds to ln p, in nats, and of −ln p. */
export interface Parts {
  mean: Record<'prior' | 'couplings' | 'norm' | 'preprocessing' | 'quantization' | 'nats', number>;
}

/** As the inspector states costs: bits/dim of images, nats of vectors. */
export const costsOf = ({ bitsPerDim, nats }: Scores): number[] => bitsPerDim ?? nats;

/**
 * Costs of rows of numbers, channels last: floating-point pixels get no noise.
 * @param file to write them to
 */
export function scoreRows(
  model: string,
  shape: readonly number[],
  file: string,
  rows: readonly Float32Array[],
): Promise<Scores & Parts> {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = new Float32Array(rows.length * size);
  rows.forEach((row, i) => data.set(row, i * size));
  writeFileSync(file, encodeNpy({ shape: [rows.length, ...shape], data }));
  const layout = shape.length === 3 ? ['--layout', 'nhwc'] : [];
  return flowscope<Scores & Parts>('score', model, '--input', file, ...layout);
}
