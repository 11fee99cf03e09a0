/** Progress on standard error: one line that is rewritten on a screen, a new line every few seconds elsewhere. */
import { duration } from '../base/short-time';
import type { Terminal } from './terminal';

export interface ProgressState {
  /** Done, in [0, 1]; undefined if unknown. */
  fraction?: number;
  /** Text before the bar. */
  label: string;
  /** Text after the bar. */
  note?: string;
  etaSeconds?: number;
}

export interface Progress {
  show(state: ProgressState): void;
  /** A line that stays, above the bar. */
  note(line: string): void;
  /** Takes the bar away. */
  end(): void;
}

const plainEverySeconds = 5;
const redrawEverySeconds = 0.1;
const barWidth = 24;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export function bar(fraction: number, width = barWidth): string {
  const cells = Math.max(0, Math.min(1, fraction)) * width;
  const full = Math.floor(cells);
  const part = full < width ? eighths[Math.floor((cells - full) * 8)]! : '';
  return ('█'.repeat(full) + part).padEnd(width, '·');
}

/** One line, cut to `columns`. */
export function progressLine(state: ProgressState, columns: number): string {
  const share = state.fraction === undefined ? '' : `${Math.floor(100 * state.fraction)}%`.padStart(4);
  const drawn = state.fraction === undefined ? '' : ` ${bar(state.fraction)}`;
  const eta = state.etaSeconds === undefined ? '' : `  ${duration(state.etaSeconds)} left`;
  const line = `${state.label}${drawn}${share}${state.note ? `  ${state.note}` : ''}${eta}`;
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}

/** @param now seconds; replaced by tests */
export function createProgress(
  terminal: Terminal,
  options: { quiet: boolean; now?: () => number },
): Progress {
  const now = options.now ?? ((): number => performance.now() / 1000);
  if (options.quiet) return { show: () => undefined, note: () => undefined, end: () => undefined };
  // On a screen the bar comes at once; elsewhere short work leaves no line at all.
  let last = terminal.interactive ? -Infinity : now();
  let drawn = false;
  const clear = (): void => {
    if (drawn) terminal.rewrite('');
    drawn = false;
  };
  return {
    show(state) {
      const every = terminal.interactive ? redrawEverySeconds : plainEverySeconds;
      if (now() - last < every) return;
      last = now();
      if (terminal.interactive) {
        terminal.rewrite(progressLine(state, terminal.columns()));
        drawn = true;
      } else terminal.err(`${plainLine(state)}\n`);
    },
    note(line) {
      clear();
      terminal.err(`${line}\n`);
    },
    end: clear,
  };
}

function plainLine({ fraction, label, note, etaSeconds }: ProgressState): string {
  return [
    label,
    ...(fraction === undefined ? [] : [`${Math.floor(100 * fraction)}%`]),
    ...(note ? [note] : []),
    ...(etaSeconds === undefined ? [] : [`${duration(etaSeconds)} left`]),
  ].join('  ');
}

/** For work that goes through examples batch by batch. */
export function inSteps(
  { progress, signal }: { progress: Progress; signal: AbortSignal },
  label: string,
  unit = 'examples',
) {
  const start = performance.now();
  return {
    signal,
    onProgress(done: number, total: number): void {
      const seconds = (performance.now() - start) / 1000;
      progress.show({
        label,
        fraction: done / total,
        note: `${done}/${total} ${unit}`,
        etaSeconds: (seconds / done) * (total - done),
      });
    },
  };
}

/** For work that says itself what it is at. */
export function stepReport(progress: Progress): (step: { message: string; fraction: number }) => void {
  return ({ message, fraction }) => progress.show({ label: message, fraction });
}
