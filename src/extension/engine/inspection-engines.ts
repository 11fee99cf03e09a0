/**
 * The engines that inspectors ask: one that all share, which everything else asks too, and one of its own for each ONNX file. Such a
 * file is a program; while it runs, its engine answers nobody else.
 */
import type { EngineProcess } from './engine-process';
import { SharedEngine } from './shared-engine';

/** As much of a Uri as is needed here. */
interface FileName {
  path: string;
  toString(): string;
}

export class InspectionEngines extends SharedEngine {
  private readonly alone = new Map<string, SharedEngine>();

  constructor(
    private readonly startNamed: (name: string) => EngineProcess,
    private readonly grace?: number,
  ) {
    super(() => startNamed('inspection'), grace);
  }

  /** The engine for the inspectors of a file. */
  of(file: FileName): SharedEngine {
    if (!file.path.toLowerCase().endsWith('.onnx')) return this;
    const key = file.toString();
    const known = this.alone.get(key);
    if (known) return known;
    const engine = new SharedEngine(() => this.startNamed('inspection of an ONNX file'), this.grace);
    this.alone.set(key, engine);
    return engine;
  }

  override async restart(): Promise<void> {
    await Promise.all([super.restart(), ...[...this.alone.values()].map((engine) => engine.restart())]);
  }

  override async dispose(): Promise<void> {
    await Promise.all([super.dispose(), ...[...this.alone.values()].map((engine) => engine.dispose())]);
  }
}
