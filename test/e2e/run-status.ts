import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What run.json says of a run. */
export const statusOf = (run: string): { status: string; step: number } =>
  JSON.parse(readFileSync(path.join(run, 'run.json'), 'utf8')) as { status: string; step: number };
