/**
 * The file beside a checkpoint of another library, FILE.flowscope.json, which remembers what the checkpoint does not
 * hold. People may write it by hand and commit it.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { parseJsonText } from '../config/json-text';
import { parseDataConfig } from '../config/parse';
import type { DataConfig } from '../config/schema';
import { UserError } from '../config/user-error';
import { writeAtomically } from '../files/atomic';
import { readError } from '../files/read';
import type { ImportAnswers } from '../protocol/import';

export interface Sidecar {
  $schema?: string;
  /** Whose file it was when the answers were given. */
  library: string;
  answers: ImportAnswers;
  /** What the flow was trained on: shows examples, and training goes on with it. Paths are relative to this file. */
  data?: DataConfig;
}

const sidecarSchema = v.strictObject({
  $schema: v.optional(v.string()),
  library: v.string(),
  answers: v.optional(v.record(v.string(), v.union([v.string(), v.number()])), {}),
  data: v.optional(v.unknown()),
});

export function sidecarPath(file: string): string {
  return `${path.resolve(file)}.flowscope.json`;
}

/** @throws UserError naming what is wrong in the file */
export async function readSidecar(file: string): Promise<Sidecar | undefined> {
  const where = sidecarPath(file);
  const exists = await stat(where).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw readError(where, error);
    },
  );
  if (!exists) return undefined;
  const text = await readFile(where, 'utf8').catch((error: unknown) => {
    throw readError(where, error);
  });
  const result = v.safeParse(sidecarSchema, parseJsonText(text, where));
  if (!result.success) {
    const problems = result.issues.map((issue) => {
      const at = v.getDotPath(issue) ?? 'the file';
      if (issue.expected === 'never') return `${at}: unknown setting`;
      return issue.received === 'undefined'
        ? `${at}: missing`
        : `${at}: expected ${issue.expected}, got ${issue.received}`;
    });
    throw new UserError(
      `${where}: ${problems.join('; ')}. It may contain "library", "answers" and optionally "data". Delete it to be asked again.`,
    );
  }
  const { data, $schema, library, answers } = result.output;
  return {
    ...($schema === undefined ? {} : { $schema }),
    library,
    answers,
    ...(data === undefined ? {} : { data: parseDataConfig(data, where) }),
  };
}

/**
 * Sets library and answers and leaves everything else in the file as it is, such as data that somebody wrote there.
 * @throws UserError when the file that is there cannot be read, or the new one not be written
 */
export async function writeAnswers(file: string, library: string, answers: ImportAnswers): Promise<void> {
  const where = sidecarPath(file);
  // Checked first, so that a file with a slip in it is not replaced by one without what the slip is in.
  const present = (await readSidecar(file))
    ? (parseJsonText(await readFile(where, 'utf8'), where) as Record<string, unknown>)
    : {};
  await writeAtomically(where, `${JSON.stringify({ ...present, library, answers }, undefined, 2)}\n`);
}

/** What tells one version of the file from another; empty when there is none. */
export async function sidecarStamp(file: string): Promise<string> {
  return stat(sidecarPath(file)).then(
    ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
    () => '',
  );
}
