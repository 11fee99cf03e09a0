import { spelledOut } from './text';

/**
 * An error whose message is meant for the user: the input, what was expected, what to do. The command line prints
 * it as one line and exits with 1; the extension shows it. Anything else that is thrown is an internal error.
 */
export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(message: string, options?: ErrorOptions) {
    super(withoutMiddle(message), options);
  }
}

/**
 * A name or value out of a file, to be shown or pasted: it may hold anything there. At most so many characters in one line, without
 * line breaks, and with control characters spelled out.
 */
export function shortened(text: string, most = 200): string {
  const line = spelledOut(text.slice(0, most).replaceAll(/[\t-\r\u0085\u2028\u2029]+/g, ' '));
  return text.length > most ? `${line}…` : line;
}

/** A value out of a file as JSON, cut; what is nested too deeply for that is only named. */
export function shownValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    // Undefined has no JSON.
    const text: unknown = JSON.stringify(value);
    return shortened(typeof text === 'string' ? text : 'nothing', 60);
  } catch {
    return `${Array.isArray(value) ? 'a list' : 'an object'} too large or too deeply nested to show`;
  }
}

/** For `catch`: nothing stands for what ends in a UserError; other errors go on. */
export function ignoreUserError(error: unknown): undefined {
  if (!(error instanceof UserError)) throw error;
}

const longestMessage = 4000;

/** What is wrong comes first in a message, and what to do last. */
function withoutMiddle(message: string): string {
  if (message.length <= longestMessage) return message;
  return `${message.slice(0, longestMessage - 1000)} … ${message.slice(-900)}`;
}
