/** Where a command writes. Results go to standard output, everything else to standard error. */
export interface Terminal {
  /** Standard output, as it is. */
  out(text: string): void;
  /** Standard error, as it is. */
  err(text: string): void;
  /** Whether standard error is a screen on which a line can be rewritten. */
  interactive: boolean;
  /** Width of that screen. */
  columns(): number;
  /** Resolves when everything written has left the process. */
  flush(): Promise<void>;
}

type Stream = NodeJS.WriteStream;

function drained(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) {
      resolve();
      return;
    }
    stream.write('', () => resolve());
  });
}

/**
 * The process's own streams. A reader that goes away (`flowscope info … | head`) is no error: what it no longer reads
 * is dropped, and `onClosed` is told.
 */
export function processTerminal(onClosed: () => void): Terminal {
  const closed = new WeakSet<Stream>();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EOF' && error.code !== 'ERR_STREAM_DESTROYED')
        throw error;
      closed.add(stream);
      if (stream === process.stdout) onClosed();
    });
  }
  const write = (stream: Stream, text: string): void => {
    if (!closed.has(stream)) stream.write(text);
  };
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    interactive: process.stderr.isTTY && process.env['TERM'] !== 'dumb' && !process.env['CI'],
    columns: () => process.stderr.columns || 80,
    flush: async () => {
      const open = [process.stdout, process.stderr].filter((stream) => !closed.has(stream));
      await Promise.all(open.map(drained));
    },
  };
}
