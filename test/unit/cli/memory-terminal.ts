import type { Stopping, StopSignal } from '../../../src/cli/signals';
import { terminalOn, type Terminal } from '../../../src/cli/terminal';

/** A terminal that keeps what is written. */
export function memoryTerminal(interactive = false): Terminal & { stdout(): string; stderr(): string } {
  let stdout = '';
  let stderr = '';
  const terminal = terminalOn(
    { out: (text) => void (stdout += text), err: (text) => void (stderr += text) },
    { interactive, columns: () => 80, flush: () => Promise.resolve() },
  );
  return { ...terminal, stdout: () => stdout, stderr: () => stderr };
}

export function noSignals(): Stopping {
  return { signal: new AbortController().signal, received: () => undefined };
}

/** As if a signal had come. */
export function stoppedBy(name: StopSignal): Stopping {
  return { signal: AbortSignal.abort(), received: () => name };
}
