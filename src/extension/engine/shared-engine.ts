/**
 * An engine process that open documents share. It starts with the first user and ends a few seconds after the
 * last, so that moving an editor between groups does not read the model again. When it crashes, the next call starts
 * another one.
 */
import type { EngineProcess } from './engine-process';

export type EngineLease = ReturnType<SharedEngine['acquire']>;

export class SharedEngine {
  private users = 0;
  private current: EngineProcess | undefined;
  private killed: EngineProcess | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly start: () => EngineProcess,
    private readonly graceMilliseconds = 5000,
  ) {}

  acquire() {
    this.users++;
    clearTimeout(this.timer);
    let held = true;
    return {
      /** The process in use; started if need be. Another object after a crash. */
      engine: () => {
        if (!held) throw new Error('This lease of the engine has been given back.');
        return this.running();
      },
      dispose: () => {
        if (!held) return;
        held = false;
        if (--this.users === 0) this.scheduleEnd();
      },
    };
  }

  /** Holds the engine while `work` uses it. */
  async use<T>(work: (engine: EngineProcess) => Promise<T>): Promise<T> {
    const lease = this.acquire();
    try {
      return await work(lease.engine());
    } finally {
      lease.dispose();
    }
  }

  /** The process id while one runs. */
  get pid(): number | undefined {
    return this.current?.running ? this.current.pid : undefined;
  }

  /** Ends the process now; the next call of a lease starts another, for example with changed settings. */
  async restart(): Promise<void> {
    await this.end();
  }

  /** Ends the process at once, whatever it is doing; the next call of a lease starts another. */
  kill(): void {
    this.killed = this.current;
    this.killed?.kill();
  }

  async dispose(): Promise<void> {
    clearTimeout(this.timer);
    await this.end();
  }

  private async end(): Promise<void> {
    const engine = this.current;
    this.current = undefined;
    await engine?.stop();
  }

  private running(): EngineProcess {
    // One that is being killed may still run for a moment.
    if (!this.current?.running || this.current === this.killed) this.current = this.start();
    return this.current;
  }

  private scheduleEnd(): void {
    this.timer = setTimeout(() => {
      if (this.users === 0) void this.end();
    }, this.graceMilliseconds);
  }
}
