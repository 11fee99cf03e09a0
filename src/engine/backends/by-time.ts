/** Long runs of a flow go to the GPU where that takes less time, which their first batches show. */
import { shortTime } from '../../base/short-time';
import type { Backend, Feeds, Program } from './backend';

/** Seconds of work below which no GPU is tried: to compile for it and to run there once may take a few. */
const worthwhile = 10;

/**
 * The processor's backend, which hands over scoring and sampling of many examples.
 * @param openGpu is called once, by the first long run; undefined where there is no GPU
 * @param log gets both times, once for each program
 */
export function handingOver(
  processor: Backend,
  openGpu: () => Promise<Backend | undefined>,
  log: (line: string) => void = () => undefined,
): Backend {
  let opening: Promise<Backend | undefined> | undefined;
  return {
    ...processor,
    async compile(graph, options = {}) {
      const here = await processor.compile(graph, options);
      const { examples } = options;
      if (examples === undefined) return here;
      const compileThere = async (): Promise<Program | undefined> => {
        opening ??= openGpu();
        return (await opening)?.compile(graph, options);
      };
      const told = (seconds: number, others: number): void =>
        log(
          `Scoring or sampling: an example takes ${shortTime(seconds)} on ${processor.info.library}, ${shortTime(others)} on WebGPU.`,
        );
      return quickerOf(here, compileThere, { examples, told });
    },
    async dispose() {
      await processor.dispose();
      await (await opening?.catch(() => undefined))?.dispose();
    },
  };
}

/** A program on both, whose first runs are timed on one and then on the other. The numbers are the same but for sums in another order. */
function quickerOf(
  here: Program,
  compileThere: () => Promise<Program | undefined>,
  { examples, told }: { examples: number; told: (seconds: number, others: number) => void },
): Program {
  /** The least seconds an example on the processor; the first run does not count, since much is set up in it. */
  let seconds: number | undefined;
  let compiling: Promise<void> | undefined;
  let there: Program | undefined;
  let isWarm = false;
  let chosen: Program | undefined;
  const timed = async (program: Program, feeds: Feeds): Promise<{ results: Feeds; each: number }> => {
    const began = performance.now();
    const results = await program.run(feeds);
    const count = Math.max(1, ...Object.values(feeds).map(({ shape }) => shape[0] ?? 1));
    return { results, each: (performance.now() - began) / 1000 / count };
  };
  return {
    async run(feeds) {
      if (chosen) return chosen.run(feeds);
      if (!there) {
        const { results, each } = await timed(here, feeds);
        const isFirst = seconds === undefined;
        seconds = isFirst ? Infinity : Math.min(each, seconds!);
        if (isFirst || seconds * examples < worthwhile) return results;
        const stay = (): void => {
          chosen = here;
        };
        compiling ??= compileThere().then((program) => {
          if (program) there = program;
          else stay();
        }, stay);
        return results;
      }
      try {
        const { results, each } = await timed(there, feeds);
        if (isWarm) {
          told(seconds!, each);
          chosen = each < seconds! ? there : here;
        }
        isWarm = true;
        return results;
      } catch {
        return (chosen = here).run(feeds);
      }
    },
    async dispose() {
      await compiling;
      await Promise.all([here.dispose(), there?.dispose()]);
    },
  };
}
