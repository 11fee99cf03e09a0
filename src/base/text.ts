/** Words around numbers and errors, in English. */

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

/** First line of an error's message: the rest is a trace, or details for its library's developers. */
export function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!;
}
