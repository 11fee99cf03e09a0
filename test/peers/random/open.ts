/**
 * Opens the checkpoints of a folder that write.py filled, and compares what the flows compute with what the libraries do.
 *
 *     node open.js FOLDER
 *
 * Prints one JSON line a case: {name, kind, seed, off}, where off is the largest difference over what is allowed, or with
 * `problem` in words.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import type { Backend } from '../../../src/engine/backends/backend';
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

async function check(
  folder: string,
  one: RandomCase,
  backend: Backend,
): Promise<{ problem?: string; off?: number }> {
  const file = path.join(folder, one.checkpoint);
  await answer(file, one);
  const model = await openModel(file, backend);
  try {
    if (!model.flow) return { problem: (await model.summary()).reason ?? 'it opens as a table of tensors' };
    const found = await differences(model.flow, path.join(folder, 'io.npz'), one.tolerance);
    const problems = tooFar(found, one.tolerance);
    if (problems.length > 0) return { problem: problems.join(', ') };
    const shares = (Object.keys(found) as Compared[]).map((what) => found[what]! / one.tolerance[what]!);
    return { off: Math.max(...shares) };
  } finally {
    await model.dispose();
  }
}

/** A refusal that was expected is none. */
function verdict(
  { refusal }: RandomCase,
  answer: { problem?: string; off?: number },
): { problem?: string; off?: number } {
  if (refusal === undefined) return answer;
  if (answer.problem === undefined) return { problem: `expected a refusal, /${refusal}/, and it opens` };
  return new RegExp(refusal).test(answer.problem) ? { off: 0 } : answer;
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
