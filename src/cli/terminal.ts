import { spelledOut } from '../base/user-error';

/** Where a command writes. Results go to standard output, everything else to standard error. */
export interface Terminal {
  /** Standard output; control characters are spelled out. */
  out(text: string): void;
  /** Standard error; control characters are spelled out. */
  err(text: string): void;
  /** Puts the text in the place of standard error's last line, which has not ended; only where `interactive`. */
  rewrite(text: string): void;
  /** Whether standard error is a screen on which a line can be rewritten. */
  interactive: boolean;
  /** Width of that screen. */
  columns(): number;
  /** Resolves when everything written has left the process. */
  flush(): Promise<void>;
}

/**
 * A terminal on what writes. Names and messages out of files may hold sequences that clear the screen or write the clipboard:
 * all control characters but tab and line feed become `\u001b`, which is also their right form in JSON. So do those
 * that reverse the order of letters.
 */
export function terminalOn(
  streams: Pick<Terminal, 'out' | 'err'>,
  rest: Pick<Terminal, 'interactive' | 'columns' | 'flush'>,
): Terminal {
  return {
    out: (text) => streams.out(spelledOut(text)),
    err: (text) => streams.err(spelledOut(text)),
    rewrite: (text) => streams.err(`\r\u001b[2K${spelledOut(text)}`),
    ...rest,
  };
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
 * The process's own streams. A reader that goes away (`flowscope info … | head`) is not an error: what it no longer reads
 * is dropped, and `onClosed` is called.
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
  return terminalOn(
    { out: (text) => write(process.stdout, text), err: (text) => write(process.stderr, text) },
    {
      interactive: process.stderr.isTTY && process.env['TERM'] !== 'dumb' && !process.env['CI'],
      columns: () => process.stderr.columns || 80,
      flush: async () => {
        const open = [process.stdout, process.stderr].filter((stream) => !closed.has(stream));
        await Promise.all(open.map(drained));
      },
    },
  );
}
