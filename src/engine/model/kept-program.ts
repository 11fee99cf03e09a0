import type { Feeds, Program } from '../backends/backend';

export interface KeptProgram {
  /** Resolves when it is compiled. What it gives may be run at any time, also after it was dropped. */
  program: Promise<Program>;
  /** Lets go of what was compiled as soon as no run is under way; a later run compiles it again. */
  drop(): Promise<void>;
}

/**
 * A program of which only some are kept. Whoever asked for one runs it a moment later, when others may have taken its
 * place, and must not find it gone.
 */
export function keepProgram(compile: () => Promise<Program>): KeptProgram {
  let running = 0;
  let dropped = false;
  let compiled: Promise<Program> | undefined = Promise.resolve().then(compile);
  const release = async (): Promise<void> => {
    if (!dropped || running > 0) return;
    const old = compiled;
    compiled = undefined;
    await (await old?.catch(() => undefined))?.dispose();
  };
  const drop = (): Promise<void> => {
    dropped = true;
    return release();
  };
  const kept: Program = {
    async run(feeds: Feeds): Promise<Feeds> {
      running++;
      try {
        compiled ??= Promise.resolve().then(compile);
        return await (await compiled).run(feeds);
      } finally {
        running--;
        await release();
      }
    },
    dispose: drop,
  };
  return { program: compiled.then(() => kept), drop };
}
