/** The order of attempts, apart from what each attempt does: try a rung, say why it failed, go to the next. */

export interface Progress {
  rung: string;
  message: string;
  /** Bytes so far and in all, while something is downloaded. */
  bytes?: number;
  total?: number;
}

export interface RungContext {
  signal: AbortSignal;
  progress: (message: string, bytes?: number, total?: number) => void;
}

export interface Rung<Result> {
  /** Short name: `prebuilt`, `wheel`, `onnxruntime`. */
  name: string;
  /** One line: what this rung does. */
  what: string;
  /** Bytes that it downloads, as far as known; 0 for none. */
  downloadBytes: number;
  /** Throws with a message that says in one line why it cannot be done here. */
  attempt(context: RungContext): Promise<Result>;
}

export interface ClimbOptions {
  signal?: AbortSignal;
  log?: (line: string) => void;
  onProgress?: (progress: Progress) => void;
}

export interface Climb<Result> {
  rung: string;
  result: Result;
  failures: { rung: string; reason: string }[];
}

/**
 * Tries the rungs in order and returns the first that holds, with the reasons of those before it. Logs one line for each
 * rung. Throws an AbortError once `signal` is aborted, and an Error with all reasons where no rung holds.
 */
export async function climb<Result>(
  rungs: readonly Rung<Result>[],
  options: ClimbOptions = {},
): Promise<Climb<Result>> {
  const { signal = new AbortController().signal, log = () => undefined, onProgress } = options;
  const failures: Climb<Result>['failures'] = [];
  for (const [index, rung] of rungs.entries()) {
    signal.throwIfAborted();
    const previous = failures.at(-1);
    log(`[${index + 1}/${rungs.length}] ${rungLine(rung, previous)}`);
    try {
      const result = await rung.attempt({
        signal,
        progress: (message, bytes, total) => onProgress?.({ rung: rung.name, message, bytes, total }),
      });
      return { rung: rung.name, result, failures };
    } catch (error) {
      signal.throwIfAborted();
      failures.push({ rung: rung.name, reason: reasonOf(error) });
    }
  }
  throw new Error(failures.map(({ rung, reason }) => `${rung}: ${reason}`).join('\n'));
}

function rungLine(rung: Rung<unknown>, previous?: { rung: string; reason: string }): string {
  const download = rung.downloadBytes > 0 ? `download ${formatBytes(rung.downloadBytes)}` : 'no download';
  const because = previous ? `; before it, ${previous.rung} failed: ${previous.reason}` : '';
  return `${rung.what} (${download})${because}`;
}

/** One line: the message without stack, with the cause that network errors hide behind "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const line = `${error.message}${cause}`.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}
