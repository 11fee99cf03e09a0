/** What a running command has at hand: where to write, the options of every command, and what to give back. */
import type { BackendPreference } from '../protocol/backends';
import { createProgress, type Progress } from './progress';
import type { Terminal } from './terminal';

interface SessionOptions {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  backend: BackendPreference;
  /** Absent: the environment's FLOWSCOPE_THREADS, or all processors. */
  threads: number | undefined;
}

export interface Session extends SessionOptions {
  terminal: Terminal;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  progress: Progress;
  /** Shown with --verbose only. */
  log: (line: string) => void;
  /** Called when the command is over, in reverse order. */
  onEnd(release: () => Promise<void> | void): void;
}

export function createSession(
  terminal: Terminal,
  signal: AbortSignal,
  options: SessionOptions,
): Session & { end(): Promise<void> } {
  const releases: (() => Promise<void> | void)[] = [];
  const progress = createProgress(terminal, { quiet: options.quiet });
  return {
    ...options,
    terminal,
    signal,
    progress,
    log: (line) => {
      if (options.verbose) progress.note(line);
    },
    onEnd: (release) => void releases.push(release),
    async end() {
      progress.end();
      for (const release of releases.reverse()) await release();
    },
  };
}
