/** Words around numbers and errors, in English. */

/** "1 coupling", "2 couplings". @param shown the count as it is written */
export function several(count: number, what: string, shown = String(count)): string {
  return `${shown} ${what}${count === 1 ? '' : 's'}`;
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

/** Of an error's message: what follows is a trace, or details for its library's developers. */
export function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!;
}
