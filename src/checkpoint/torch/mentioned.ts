/** Names of Python that a pickle mentions, as text for messages; nothing is made of them. */
import { PickleError, readPickleAt, type PickleRules } from '../pickle/pickle';
import { PythonObject } from '../pickle/python-object';

const mostNames = 1000;

/** Only containers have to be made for the rest to be read; other calls give nothing. */
const containers: Readonly<Record<string, () => unknown>> = {
  'collections.OrderedDict': () => new Map(),
  'collections.defaultdict': () => new Map(),
  'collections.Counter': () => new Map(),
  'collections.deque': () => [],
};

/** In their order, each once, up to a bound or to what cannot be read. */
export function mentionedNames(bytes: Uint8Array): string[] {
  const names = new Set<string>();
  const rules: PickleRules = {
    allow(name) {
      if (names.size >= mostNames) throw new PickleError(`it mentions more than ${mostNames} names`);
      names.add(name);
    },
    call: (callee) =>
      Object.hasOwn(containers, callee) ? containers[callee]!() : new PythonObject(callee, []),
    setState: () => undefined,
    persistent: () => null,
  };
  try {
    // The format before PyTorch 1.6 is several pickles, one after another.
    for (let at = 0; at < bytes.length;) at = readPickleAt(bytes, at, rules).end;
  } catch (error) {
    if (!(error instanceof PickleError || error instanceof RangeError)) throw error;
  }
  return [...names];
}
