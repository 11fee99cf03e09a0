/** Where in the caller's code a TensorFlow.js op was called. */

/**
 * " (flow/coupling.ts:12:5)" or "". Found by the op wrappers of TensorFlow.js, whose names end in "__op": the frame
 * outside the outermost one belongs to the caller.
 */
export function callerLine(stack: string | undefined = deepStack()): string {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  const outermost = frames.findLastIndex((line) =>
    /__op\b|_Engine|\bEngine\.|Tensor\d*\.(data|array|print|bytes)/.test(line),
  );
  const frame = frames[outermost + 1];
  const place = outermost >= 0 && frame ? /\(?((?:\w:)?[^():]+:\d+:\d+)\)?$/.exec(frame)?.[1] : undefined;
  return place ? ` (${place.replace(/^at (async )?/, '').trim()})` : '';
}

function deepStack(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}
