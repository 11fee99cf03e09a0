/** A runner with a context of its own. */
import type { FlowRunner, RunOptions } from './runner';

/** Runs examples that come without a context with this one. */
export function runnerWithContext(runner: FlowRunner, chosenContext: readonly number[]): FlowRunner {
  const { base } = runner;
  const { logProbByElement } = base;
  return {
    ...runner,
    base: {
      ...base,
      draw: (noise, count, temperature, context = chosenContext) =>
        base.draw(noise, count, temperature, context),
      logProb: (z, count, context = chosenContext) => base.logProb(z, count, context),
      scores: (z, count, context = chosenContext) => base.scores(z, count, context),
      ...(logProbByElement && {
        logProbByElement: (z, count, context = chosenContext) => logProbByElement(z, count, context),
      }),
    },
    forward: (x, count, space, rest) =>
      runner.forward(x, count, space, { context: chosenContext, ...defined(rest) }),
    inverse: (z, count, space, rest) =>
      runner.inverse(z, count, space, { context: chosenContext, ...defined(rest) }),
  };
}

function defined({ context, ...rest }: RunOptions = {}): RunOptions {
  return { ...rest, ...(context ? { context } : {}) };
}
