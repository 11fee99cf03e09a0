/** Where in the caller's code a TensorFlow.js op was called, and which. */

/**
 * A frame at which TensorFlow.js was entered: an op's wrapper, whose name ends in "__op" also in a bundle; a method of a
 * tensor; what makes tensors, which has no wrapper; or anything that source maps place inside TensorFlow.js.
 */
const isEntry = (frame: string): boolean =>
  /__op\b|\bTensor\w*\.\w+ |tfjs-core|^\s*at (makeTensor|tensor\d?d?|scalar|ones|zeros|fill|variable|buffer) /.test(
    frame,
  );

/** The same, or an op's implementation. */
const isInternal = (frame: string): boolean => isEntry(frame) || /\b\w+_ \(/.test(frame);

/** The first frame outside of the innermost ones of TensorFlow.js is the caller's, the one before it the op's. */
export function callerOf(stack: string | undefined = deepStack()) {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  const innermost = frames.findIndex(isEntry);
  if (innermost < 0) return { line: '' };
  const inside = frames.slice(innermost);
  const outer = inside.findIndex((frame) => !isInternal(frame));
  if (outer < 0) return { line: '' };
  /** For example "randomNormal"; undefined where it is not known. */
  const op = /^\s*at (?:async )?(?:[\w$]+\.)?([a-zA-Z]\w*?)(?:__op|_)? /.exec(inside[outer - 1]!)?.[1];
  const place = /\(?((?:\w:)?[^():]+:\d+:\d+)\)?$/.exec(inside[outer]!)?.[1];
  return {
    ...(op ? { op } : {}),
    /** " (flow/layers/coupling.ts:12:5)", or "" where it is not known. */
    line: place ? ` (${place.replace(/^\s*at (async )?/, '')})` : '',
  };
}

export function callerLine(stack?: string): string {
  return callerOf(stack).line;
}

function deepStack(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}
