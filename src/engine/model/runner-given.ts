/** A runner with a context of its own. */
import type { FlowRunner, RunOptions } from './runner';

/** Runs examples that come without a context with this one. */
export function runnerGiven(runner: FlowRunner, given: readonly number[]): FlowRunner {
  const { base } = runner;
  const { logProbByElement } = base;
  return {
    ...runner,
    base: {
      ...base,
      draw: (noise, count, temperature, own = given) => base.draw(noise, count, temperature, own),
      logProb: (z, count, own = given) => base.logProb(z, count, own),
      scores: (z, count, own = given) => base.scores(z, count, own),
      ...(logProbByElement && {
        logProbByElement: (z, count, own = given) => logProbByElement(z, count, own),
      }),
    },
    forward: (x, count, space, rest) => runner.forward(x, count, space, { context: given, ...defined(rest) }),
    inverse: (z, count, space, rest) => runner.inverse(z, count, space, { context: given, ...defined(rest) }),
  };
}

function defined({ context, ...rest }: RunOptions = {}): RunOptions {
  return { ...rest, ...(context ? { context } : {}) };
}
