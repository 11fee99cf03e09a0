import { messageOf } from '../../base/user-error';
import { chooseBackend } from '../../engine/backends/choose';
import { backends } from '../../engine/backends/registry';
import { backendFor } from '../../engine/training/train';
import { threadsToUse } from '../../engine/backends/threads';
import { doctorLines, type DoctorLine } from '../../native/doctor';
import { formatBytes } from '../../native/ladder';
import { plannedPlatforms, planFor, type PlannedRung } from '../../native/plan';
import { type Outcome, choiceOption, defineCommand } from '../command';
import { wrap } from '../help';
import type { Session } from '../session';

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'Show what is installed, what is missing and what to do about it',
  about:
    'Prints the versions of Node and of the backends, the number of threads, and the tools for building native TensorFlow. Exit code 1 if something that flows need is missing.',
  options: {
    plan: choiceOption(
      plannedPlatforms,
      'Show instead what installing native TensorFlow would download and build on that platform. Nothing is downloaded.',
    ),
  },
  examples: {
    'Before reporting a problem:': 'flowscope doctor',
    'As JSON, and for another backend:': 'flowscope doctor --json --backend onnxruntime',
    'What installing native TensorFlow would do:': 'flowscope doctor --plan linux-x64',
  },
  async run(session, _, { plan }): Promise<Outcome> {
    if (plan) {
      const rungs = planFor(plan);
      return { json: rungs, text: rungs.map(rungText).join('\n') };
    }
    const lines = await doctorLines(Object.values(backends));
    const hasGpu = lines.some(({ name, state }) => name === 'gpu' && state === 'ok');
    const backend = await backendLine(session, hasGpu);
    const all = [...lines, backend];
    const ok = all.every(({ state }) => state !== 'missing');
    return { json: { ok, lines: all }, text: all.map(asText).join('\n'), code: ok ? 0 : 1 };
  },
});

/** Where there is a GPU, with the times of a training step on both. */
async function backendLine(session: Session, hasGpu: boolean): Promise<DoctorLine> {
  const line = { name: 'backend', label: 'Backend in use' };
  try {
    const backend = await chooseBackend(session.backend, threadsToUse(session.threads));
    const { library, threads, reason } =
      hasGpu && backend.rival ? await backendFor('moons', backend) : backend.info;
    await backend.dispose();
    return { ...line, state: 'ok', value: `${library}, ${threads} threads (${reason})` };
  } catch (error) {
    return { ...line, state: 'missing', value: messageOf(error) };
  }
}

/** What is tried first comes first. */
function rungText({ what, left, downloads }: PlannedRung, index: number): string {
  const files = downloads.flatMap(({ from, bytes, sha256 }) => [
    `     ${from}${bytes === undefined ? '' : `, ${formatBytes(bytes)}`}`,
    `     sha256 ${sha256 ?? 'unknown'}`,
  ]);
  const first = `${index + 1}.  ${what}${left === undefined ? '' : `: left out, ${left}`}`;
  return [first, ...files].join('\n');
}

const marks = { ok: 'ok     ', note: 'note   ', missing: 'MISSING' };

function asText({ label, state, value, advice }: DoctorLine): string {
  const line = `${marks[state]}  ${label.padEnd(18)} ${value}`;
  return advice ? `${line}\n${wrap(advice, 9)}` : line;
}
