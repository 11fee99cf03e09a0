import { chooseBackend } from '../../engine/backends/choose';
import { doctorLines, type DoctorLine } from '../../native/doctor';
import { threadsOf } from '../backend';
import { defineCommand, type Outcome } from '../command';
import { wrap } from '../help';
import type { Session } from '../session';

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'Say what this machine has, what is missing and what to do about it',
  about:
    'Prints what was found: Node, the backends with the versions of their libraries, threads, and the tools by which native TensorFlow can be built. Exit code 1 when something is missing that flows need.',
  options: {},
  examples: [
    { command: 'flowscope doctor', says: 'Before reporting a problem:' },
    {
      command: 'flowscope doctor --json --backend onnxruntime',
      says: 'For a program, and with another backend:',
    },
  ],
  async run(session): Promise<Outcome> {
    const lines = await doctorLines();
    const backend = await backendLine(session);
    const all = [...lines, backend];
    const ok = all.every(({ state }) => state !== 'missing');
    return { json: { ok, lines: all }, text: all.map(asText).join('\n'), code: ok ? 0 : 1 };
  },
});

async function backendLine(session: Session): Promise<DoctorLine> {
  const line = { name: 'backend', label: 'Backend in use' };
  try {
    const backend = await chooseBackend(session.backend, threadsOf(session));
    const { library, threads, reason } = backend.info;
    const trains = backend.compileStateful !== undefined;
    await backend.dispose();
    return {
      ...line,
      state: 'ok',
      value: `${library}, ${threads} threads (${reason})${trains ? '' : '; it runs flows but cannot train them'}`,
    };
  } catch (error) {
    return { ...line, state: 'missing', value: error instanceof Error ? error.message : String(error) };
  }
}

const marks = { ok: 'ok     ', note: 'note   ', missing: 'MISSING' };

function asText({ label, state, value, advice }: DoctorLine): string {
  const line = `${marks[state]}  ${label.padEnd(18)} ${value}`;
  return advice ? `${line}\n${wrap(advice, 9)}` : line;
}
