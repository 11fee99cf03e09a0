import { UserError } from '../base/user-error';

/** Characters; a config with a thousand layers and all names of its columns has half of it. */
const longest = 2 ** 20;

/**
 * Parses JSON that a person wrote.
 * @throws UserError with file, line, column and what was expected there
 */
export function parseJsonText(text: string, fileName: string): unknown {
  if (text.length > longest) {
    throw new UserError(
      `${fileName}: has ${text.length} characters; expected a JSON object of at most ${longest}.`,
    );
  }
  const clean = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(clean);
  } catch {
    if (clean.trim() === '') throw new UserError(`${fileName}: is empty; expected a JSON object.`);
    const { offset, expected } = findFault(clean);
    const before = clean.slice(0, offset).split('\n');
    const place = `${before.length}:${before.at(-1)!.length + 1}`;
    const rest = clean.slice(offset).trimStart();
    const got = rest === '' ? 'the end of the file' : JSON.stringify(/^[\w.+-]{1,20}|^./su.exec(rest)![0]);
    throw new UserError(`${fileName}:${place}: not valid JSON: expected ${expected}, got ${got}.`);
  }
}

interface Fault {
  offset: number;
  expected: string;
}

class FaultFound extends Error {
  constructor(readonly fault: Fault) {
    super(fault.expected);
  }
}

/** Where JSON.parse gives up; its own messages name a place only sometimes. */
function findFault(text: string): Fault {
  let at = 0;
  const fail = (expected: string): never => {
    throw new FaultFound({ offset: at, expected });
  };
  const skip = () => {
    while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  };
  const token = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) return false;
    at = pattern.lastIndex;
    return true;
  };
  const string = (what: string) => {
    if (text[at] !== '"') fail(what);
    if (!token(/"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy))
      fail('a closed string');
  };
  const list = (close: string, first: string, item: () => void) => {
    at++;
    skip();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      item();
      skip();
      if (text[at] === close) {
        at++;
        return;
      }
      if (text[at] !== ',') fail(`"," or "${close}"`);
      at++;
      skip();
      if (text[at] === close) fail(`${first} after the comma`);
    }
  };
  const value = (depth: number) => {
    skip();
    if (depth > 500) fail('less deeply nested values');
    if (text[at] === '{') {
      list('}', 'a name in double quotes', () => {
        string('a name in double quotes');
        skip();
        if (text[at] !== ':') fail('":"');
        at++;
        value(depth + 1);
      });
    } else if (text[at] === '[') {
      list(']', 'a value', () => value(depth + 1));
    } else if (text[at] === '"') {
      string('a string');
    } else if (!token(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b/uy)) {
      fail('a value');
    }
  };
  try {
    value(0);
    skip();
    if (at < text.length) fail('nothing more');
    return { offset: at, expected: 'valid JSON' };
  } catch (error) {
    if (error instanceof FaultFound) return error.fault;
    throw error;
  }
}
