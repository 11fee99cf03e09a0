// What a library computes from the state dicts that we wrote for it: test/peers/check.py, and what its answers mean.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const checker = path.join(root, 'test', 'peers', 'check.py');

/** Latents of the issue that asked for this: z to 1e-4; log-dets to 1e-3 + 1e-5 of them, here as a share. */
const tolerance = { z: 1e-4, logdet: 1, logProb: 1 };

/** The answers by the cases' names. */
export async function checkWritten(python, cases, folder) {
  const list = path.join(folder, 'cases.json');
  fs.writeFileSync(list, JSON.stringify(cases));
  const { output } = await run(python, [checker, list], { cwd: folder, quiet: true });
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const answers = new Map(lines.map((line) => JSON.parse(line)).map((answer) => [answer.name, answer]));
  if (answers.size === 0) console.error(output);
  return answers;
}

/** What is wrong, in words; undefined where the library computes the same. */
export function verdict(answer) {
  if (!answer) return 'no answer from Python';
  if (answer.error) return answer.error;
  const over = Object.entries(tolerance).filter(([what, limit]) => !(answer[what] <= limit));
  return over.length === 0
    ? undefined
    : over.map(([what, limit]) => `${what} is off by ${answer[what]} (at most ${limit})`).join(', ');
}
