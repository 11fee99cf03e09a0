/**
 * Opens the checkpoints of a folder that write.py filled, and compares what the flows compute with what the libraries do.
 *
 *     node open.js FOLDER
 *
 * Prints one JSON line a case: {name, kind, seed, off}, where off is the largest difference over what is allowed, or with
 * `problem` in words. A flow that opens is also written back for its library, where that can be: `back` is then the case for
 * check.py, and `unwritten` says what is in the way.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { UserError } from '../../../src/base/user-error';
import type { Checkpoint } from '../../../src/checkpoint/checkpoint';
import { exportStateDict, saveStateDict } from '../../../src/checkpoint/export-state-dict';
import { loadAnyCheckpoint } from '../../../src/checkpoint/recognize/load';
import { parseLibrary } from '../../../src/checkpoint/recognize/recognize';
import { writable } from '../../../src/checkpoint/libraries';
import { perFeature } from '../../../src/config/bases';
import type { Backend } from '../../../src/engine/backends/backend';
import { chainOf } from '../../../src/engine/model/convert';
import { openModel } from '../../../src/engine/open/open-model';
import {
  answer,
  differences,
  tooFar,
  type Compared,
  type LibraryCase,
} from '../../engine/import/library-numbers';

interface RandomCase extends LibraryCase {
  kind: string;
  seed: number;
  /** A pattern of what is said where the file is refused with reason. */
  refusal?: string;
}

interface Answer {
  problem?: string;
  off?: number;
  back?: Record<string, unknown>;
  unwritten?: string;
  /** What was said where a refusal was expected. */
  refused?: string;
}

async function check(folder: string, one: RandomCase, backend: Backend): Promise<Answer> {
  const file = path.join(folder, one.checkpoint);
  await answer(file, one);
  const model = await openModel(file, backend);
  try {
    if (!model.flow) return { problem: (await model.summary()).reason ?? 'it opens as a table of tensors' };
    const found = await differences(model.flow, path.join(folder, 'io.npz'), one.tolerance);
    const problems = tooFar(found, one.tolerance);
    if (problems.length > 0) return { problem: problems.join(', ') };
    const shares = (Object.keys(found) as Compared[]).map((what) => found[what]! / one.tolerance[what]!);
    return { off: Math.max(...shares), ...(await writeBack(folder, one)) };
  } finally {
    await model.dispose();
  }
}

/** For the library that the file came from. */
async function writeBack(folder: string, one: RandomCase): Promise<Pick<Answer, 'back' | 'unwritten'>> {
  const library = parseLibrary(one.library);
  if (!writable('vector').includes(library)) return {};
  const checkpoint = await loadAnyCheckpoint(path.join(folder, one.checkpoint));
  const state = path.join(folder, 'back.safetensors');
  try {
    const dict = exportStateDict(checkpoint, library, chainOf(checkpoint.config.model));
    // Such as a scale that the published version of the library cannot compute.
    if (dict.notes.length > 0) return { unwritten: dict.notes.join(' ') };
    await saveStateDict(state, library, dict, undefined);
  } catch (error) {
    if (error instanceof UserError) return { unwritten: error.message };
    throw error;
  }
  const { tolerance } = one;
  const name = path.basename(folder);
  const base = library === 'nflows' ? normalBase(checkpoint) : undefined;
  const io = path.join(folder, 'io.npz');
  return { back: { name, library, state, io, tolerance, ...(base ? { base } : {}) } };
}

/** For nflows, independent normals are written as a layer that makes them a standard normal. */
function normalBase({ config, tensors }: Checkpoint): { loc: number[]; scale: number[] } | undefined {
  if (config.model.kind !== 'vector' || config.model.base.kind !== 'diagonalNormal') return undefined;
  const { dim, base } = config.model;
  if (!base.trained) return { loc: perFeature(base.loc, dim), scale: perFeature(base.scale, dim) };
  const [loc, logScale] = ['base.loc', 'base.logScale'].map((name) => [...tensors[name]!.data]);
  return { loc: loc!, scale: logScale!.map(Math.exp) };
}

/** A refusal that was expected is none. */
function verdict({ refusal }: RandomCase, answer: Answer): Answer {
  if (refusal === undefined) return answer;
  if (answer.problem === undefined) return { problem: `expected a refusal, /${refusal}/, and it opens` };
  return new RegExp(refusal).test(answer.problem) ? { off: 0, refused: answer.problem } : answer;
}

async function main(folder: string): Promise<void> {
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  for (const name of readdirSync(folder).sort()) {
    const at = path.join(folder, name);
    const one = JSON.parse(readFileSync(path.join(at, 'case.json'), 'utf8')) as RandomCase;
    const answer = await check(at, one, backend).catch((error: unknown) => ({
      problem: error instanceof Error ? error.message : String(error),
    }));
    const line = { name, kind: one.kind, seed: one.seed, ...verdict(one, answer) };
    console.log(JSON.stringify(line));
  }
  await backend.dispose();
}

main(process.argv[2]!).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
