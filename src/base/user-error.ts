/** Errors for users, and the words and cuts that their messages are made with. */

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

/** "1 coupling", "2 couplings". @param shown the count as it is written */
export function several(count: number, what: string, shown = String(count)): string {
  return `${shown} ${what}${count === 1 ? '' : 's'}`;
}

/** Control characters but tab and line feed, and those that reverse the order of letters, become `\u001b`. */
export function spelledOut(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- they are what it is about
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** For a message that leaves this machine: of each absolute path in it only the last name stays. */
export function withoutFolders(message: string): string {
  return message.replaceAll(/(?<![\w.:/\\])(?:[A-Za-z]:)?[\\/](?:[^\s"'<>|:*?\\/]+[\\/])+/g, '');
}

/** A message without its brackets of options and fields of a config, and without the field that it is about: for who has neither. */
export function withoutOptions(message: string): string {
  return message
    .replaceAll(/ \((?:--|data\.|model\.|training\.)[^()]*\)/g, '')
    .replaceAll(/\bconfig: (?:[a-z]\w*\.)+\w+: /g, '');
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** First line of an error's message: the rest is a trace, or details for its library's developers. */
export function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!;
}
