/**
 * Models that a document's pages open in addition to its own file: other checkpoints of the run, and what they compare with.
 * The ones used last stay open in the engine, so that sliding back is instant; all are given back with the document.
 */
import { stat } from 'node:fs/promises';
import type { EngineApi } from '../../protocol/engine';
import type { ModelSummary } from '../../protocol/model';

/** The part of an engine's lease that is needed here. */
export interface OtherLease<E> {
  /** Another object after a crash. */
  engine(): E;
  dispose(): void;
}

/** The part of an engine process that is needed here. */
export interface ModelOpener {
  readonly running: boolean;
  readonly api: Pick<EngineApi, 'open' | 'close'>;
}

export interface Limits {
  models: number;
  /** Size of the models' files, which is about what their weights take in memory. */
  bytes: number;
}

interface Entry<E> {
  lease: OtherLease<E>;
  engine: E;
  opening: Promise<ModelSummary>;
  /** Calls that use it now; it stays open for them. */
  users: number;
  stamp: string;
  bytes: number;
}

export class OtherModels<E extends ModelOpener> {
  /** The one used last comes last. */
  private readonly entries = new Map<string, Entry<E>>();

  /** @param acquire for the engine that a file is opened in; given back when the file is closed */
  constructor(
    private readonly acquire: (path: string) => OtherLease<E>,
    private readonly limits: Limits = { models: 6, bytes: 400e6 },
  ) {}

  /** Opens the model where it is not open yet, and keeps it open while `work` uses it. Throws what the engine throws. */
  async use<T>(path: string, work: (engine: E, summary: ModelSummary) => Promise<T>): Promise<T> {
    let entry = this.entries.get(path);
    if (entry && entry.lease.engine() !== entry.engine) {
      // After a crash the model is opened again in the next process.
      this.forget(path);
      entry = undefined;
    }
    entry ??= this.begin(path);
    this.entries.delete(path);
    this.entries.set(path, entry);
    entry.users++;
    try {
      const summary = await entry.opening;
      entry.bytes = summary.bytes;
      return await work(entry.engine, summary);
    } catch (error) {
      if (await failed(entry.opening)) this.drop(path, entry);
      throw error;
    } finally {
      entry.users--;
      this.trim();
    }
  }

  /** Lets go of files that are others by now, and says whether there were any. */
  async refresh(): Promise<boolean> {
    const changed = await Promise.all(
      [...this.entries].map(async ([path, entry]) => {
        if (entry.stamp === '' || (await stampOf(path)) === entry.stamp) return false;
        this.forget(path);
        return true;
      }),
    );
    return changed.includes(true);
  }

  get paths(): string[] {
    return [...this.entries.keys()];
  }

  /** In which any of them is open. */
  get engines(): Set<E> {
    return new Set([...this.entries.values()].map(({ engine }) => engine));
  }

  clear(): void {
    for (const path of this.paths) this.forget(path);
  }

  private begin(path: string): Entry<E> {
    const lease = this.acquire(path);
    const engine = lease.engine();
    return { lease, engine, opening: this.open(engine, path), users: 0, stamp: '', bytes: 0 };
  }

  private async open(engine: E, path: string): Promise<ModelSummary> {
    const stamp = await stampOf(path);
    const summary = await engine.api.open(path);
    const entry = this.entries.get(path);
    if (entry) entry.stamp = stamp;
    return summary;
  }

  private trim(): void {
    let bytes = [...this.entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    for (const [path, entry] of [...this.entries]) {
      const fits = this.entries.size <= this.limits.models && bytes <= this.limits.bytes;
      // One stays whatever its size, or every question would open it again.
      if (fits || this.entries.size === 1) return;
      if (entry.users > 0) continue;
      bytes -= entry.bytes;
      this.forget(path);
    }
  }

  private forget(path: string): void {
    const entry = this.entries.get(path);
    if (!entry) return;
    this.entries.delete(path);
    void entry.opening.then(
      async ({ id }) => {
        if (entry.engine.running) await entry.engine.api.close(id).catch(() => undefined);
      },
      () => undefined,
    );
    // Not only then: opening may never end. The engine stays for some seconds, in which the file is closed.
    entry.lease.dispose();
  }

  private drop(path: string, entry: Entry<E>): void {
    if (this.entries.get(path) !== entry) return;
    this.entries.delete(path);
    entry.lease.dispose();
  }
}

async function failed(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}

/** What tells a file from a later one at the same path; empty where there is none. */
async function stampOf(path: string): Promise<string> {
  return stat(path).then(
    ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
    () => '',
  );
}
