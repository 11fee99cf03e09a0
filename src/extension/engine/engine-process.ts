/** One engine process as the host sees it: the typed calls, its end, and a way to end it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { createBirpc } from 'birpc';
import { noTelemetry } from '../../base/no-telemetry';
import { type EngineApi, type EngineEvents, outOfMemory } from '../../protocol/engine';
import type { ModelOutline } from '../../protocol/model';
import { decodeEnvelope, encodeEnvelope } from '../../protocol/wire';

export interface EngineProcessOptions {
  /** Path of the bundled command line, or of any script that speaks the engine's protocol. */
  script: string;
  env: Record<string, string>;
  /** Name in the log, for example "inspection". */
  name: string;
  /** Without them it may take what the machine has. */
  limits?: MemoryLimits;
  events: Partial<EngineEvents>;
  log(line: string): void;
}

export interface MemoryLimits {
  /** Megabytes of JavaScript objects. */
  objects: number;
  /** Fraction of the machine's memory for all it takes. */
  share: number;
}

/** How a process ended: asked for by us, or not. */
export interface EngineEnd {
  expected: boolean;
  description: string;
}

/** The process went away while it was needed. The message is for the user. */
export class EngineGoneError extends Error {
  override readonly name = 'EngineGoneError';
}

/** How long a process may take to save and leave once its channel is closed. */
const leaveMilliseconds = 4000;

export class EngineProcess {
  readonly api: EngineApi;
  readonly ended: Promise<EngineEnd>;
  /** By the path of a file that is being opened: told what it is before its tensors are read. */
  readonly outlined = new Map<string, (outline: ModelOutline) => void>();
  private child: ChildProcess;
  private stopping = false;
  private alive = true;

  constructor(options: EngineProcessOptions) {
    this.child = fork(options.script, ['engine'], {
      serialization: 'advanced',
      // A debugger of the extension host must not hand its port to every child.
      execArgv: options.limits ? [`--max-old-space-size=${options.limits.objects}`] : [],
      env: childEnvironment(options),
      silent: true,
    });
    const child = this.child;
    const outlined: EngineEvents['outlined'] = (path, outline) => this.outlined.get(path)?.(outline);
    const rpc = createBirpc<EngineApi, Partial<EngineEvents>>(
      { ...options.events, outlined },
      {
        post: (message) => {
          if (!this.alive || !child.connected) throw this.gone('has ended');
          child.send(message as object);
        },
        on: (listener) => void child.on('message', listener),
        off: (listener) => void child.off('message', listener),
        serialize: encodeEnvelope,
        deserialize: decodeEnvelope,
        timeout: -1,
        onGeneralError: (error) => {
          if (!(error instanceof EngineGoneError)) options.log(`${options.name}: ${error.message}`);
        },
      },
    );
    this.api = rpc;
    forwardLines(child.stdout, (line) => options.log(`${options.name}: ${line}`));
    let starved = false;
    forwardLines(child.stderr, (line) => {
      starved ||= memoryEnded.test(line);
      options.log(`${options.name}: ${line}`);
    });

    this.ended = new Promise((resolve) => {
      const end = (description: string) => {
        if (!this.alive) return;
        this.alive = false;
        const result = { expected: this.stopping, description };
        options.log(`${options.name}: engine process ${child.pid ?? ''} ${description}`);
        rpc.$close(this.gone(description));
        resolve(result);
      };
      child.once('error', (error) => end(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => {
        // Its last words may still be on their way. There is no event "close" after a channel that we closed.
        void lastWords(child.stderr).then(() => {
          if (starved) end('was ended because it needed more memory than it may take');
          else end(signal ? `was killed (${signal})` : `ended with code ${code}`);
        });
      });
    });
    options.log(`${options.name}: engine process ${child.pid ?? ''} started`);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get running(): boolean {
    return this.alive;
  }

  /**
   * Closes the channel, which the engine takes as the wish to save and leave; ends the process if it does not.
   * Resolves when it is gone.
   */
  async stop(): Promise<void> {
    this.stopping = true;
    if (!this.alive) return;
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), leaveMilliseconds);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process at once; what it has not written is lost. */
  kill(): void {
    this.stopping = true;
    this.child.kill('SIGKILL');
  }

  private gone(description: string): EngineGoneError {
    return new EngineGoneError(
      this.stopping
        ? 'The engine process was stopped.'
        : `The engine process ${description}. Try again, which starts a new one. The log says more.`,
    );
  }
}

/** In V8's words, or in the engine's own. */
const memoryEnded = new RegExp(`heap out of memory|Last few GCs|^${outOfMemory}`);

function childEnvironment({ env, limits }: EngineProcessOptions): NodeJS.ProcessEnv {
  const share = limits ? { FLOWSCOPE_MEMORY_SHARE: String(limits.share) } : {};
  return nodeEnvironment({ ...env, ...share, ...noTelemetry });
}

/** For a process of VS Code's program that runs as Node.js, without options that the user's own Node.js is given. */
export function nodeEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ...extra, ELECTRON_RUN_AS_NODE: '1' };
  delete env.NODE_OPTIONS;
  return env;
}

/** Resolves once all was read that a process wrote before its end. */
async function lastWords(stream: Readable | null): Promise<void> {
  if (!stream || stream.readableEnded) return;
  await Promise.race([once(stream, 'end').catch(() => undefined), pause(1000)]);
}

function forwardLines(stream: NodeJS.ReadableStream | null, write: (line: string) => void): void {
  if (!stream) return;
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = (lines.pop() ?? '').slice(-10_000);
    for (const line of lines) if (line.trim()) write(line);
  });
  stream.on('end', () => {
    if (rest.trim()) write(rest);
  });
}
