/** Where in the caller's code a TensorFlow.js op was called. */

/** An op's wrapper, its implementation, or anything that source maps place inside TensorFlow.js. */
const isInternal = (frame: string): boolean => /__op\b|\b\w+_ \(|tfjs-core/.test(frame);

/**
 * " (flow/coupling.ts:12:5)", or "" where it cannot be told. The wrappers of TensorFlow.js's ops have names that end in
 * "__op", also in a bundle: the first frame outside of the innermost ones belongs to the caller.
 */
export function callerLine(stack: string | undefined = deepStack()): string {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  const innermost = frames.findIndex((frame) => /__op\b|\bTensor\w*\.\w+ /.test(frame));
  if (innermost < 0) return '';
  const frame = frames.slice(innermost + 1).find((candidate) => !isInternal(candidate));
  const place = /\(?((?:\w:)?[^():]+:\d+:\d+)\)?$/.exec(frame ?? '')?.[1];
  return place ? ` (${place.replace(/^\s*at (async )?/, '')})` : '';
}

function deepStack(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}
