/**
 * The engines that read files: one for Flowscope's own, which everything else asks too, and one of its own for each file that other
 * software wrote, be it a model or data. Such a file may be anything. What it does to its engine, others do not notice. All have limits
 * and are watched: another person's checkpoint may be anything too.
 */
import { entryOf } from '../../base/kept';
import { isFlowscopeFile } from '../view-types';
import type { EngineProcess } from './engine-process';
import { type Room, roomOf, sharedRoom } from './inspection-limits';
import { SharedEngine } from './shared-engine';

/** The part of a Uri that is needed here. */
export interface FileName {
  path: string;
  toString(): string;
}

export class InspectionEngines extends SharedEngine {
  private readonly alone = new Map<string, SharedEngine>();
  private readonly timing = new Map<string, SharedEngine>();

  /** @param onSilent called when the engine of a file, or without one the engine of our own files, is silent for some seconds */
  constructor(
    private readonly startIn: (room: Room) => EngineProcess,
    private readonly onSilent: (file?: FileName) => void,
    private readonly grace?: number,
  ) {
    super(() => watched(startIn(sharedRoom), () => onSilent()), grace);
  }

  /** The engine for readers of a file. */
  of(file: FileName): SharedEngine {
    if (isFlowscopeFile(file)) return this;
    const start = () =>
      watched(this.startIn(roomOf(file.path.split('/').at(-1)!)), () => this.onSilent(file));
    return entryOf(this.alone, file.toString(), () => new SharedEngine(start, this.grace));
  }

  /** The engine for timing trainings on some data: it is expected to be silent, and may be ended whenever it is in the way. */
  forTiming(source: string): SharedEngine {
    const { name, ...room } = roomOf(source.split(/[/\\]/).at(-1)!);
    const start = () => this.startIn({ ...room, name: `${name}, timing` });
    return entryOf(this.timing, source, () => new SharedEngine(start, this.grace));
  }

  /** Process ids of the engines of single files. */
  get alonePids(): number[] {
    return [...this.alone.values()].flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Ends the engine that reads a file, or without one our own files' engine, at once. Its users open what they need again with their
   * next question. False where none runs.
   */
  stop(file?: FileName): boolean {
    const engine = !file || isFlowscopeFile(file) ? this : this.alone.get(file.toString());
    if (engine?.pid === undefined) return false;
    engine.kill();
    return true;
  }

  override async restart(): Promise<void> {
    await Promise.all([super.restart(), ...this.others.map((engine) => engine.restart())]);
  }

  override async dispose(): Promise<void> {
    await Promise.all([super.dispose(), ...this.others.map((engine) => engine.dispose())]);
  }

  private get others(): SharedEngine[] {
    return [...this.alone.values(), ...this.timing.values()];
  }
}

/** Milliseconds between questions, and of reported silence. Opening a large graph is silent for a second or two. */
const [askEvery, silentAfter] = [1000, 5000];

/** Tells `onSilent` once for each time that nothing has come back for a while, until the process ends. */
function watched(engine: EngineProcess, onSilent: () => void): EngineProcess {
  let askedAt: number | undefined;
  let isSilent = false;
  const ask = (): void => {
    askedAt = performance.now();
    // The shortest question: about a token that does not exist.
    void engine.api.cancel('').then(
      () => {
        askedAt = undefined;
        isSilent = false;
      },
      () => undefined,
    );
  };
  const timer = setInterval(() => {
    if (askedAt === undefined) ask();
    else if (!isSilent && performance.now() - askedAt >= silentAfter) {
      isSilent = true;
      onSilent();
    }
  }, askEvery);
  timer.unref();
  void engine.ended.then(() => clearInterval(timer));
  return engine;
}
