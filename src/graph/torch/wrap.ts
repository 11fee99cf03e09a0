/** Breaks long lines of Python at the commas of their brackets. */

const widest = 120;

/** The line, or several, each part of its outermost brackets on a line of its own. */
export function wrapped(line: string): string[] {
  if (line.length <= widest || /^\s*(#|""")/.test(line)) return [line];
  const opening = widestOpening(line);
  if (opening === undefined) return [line];
  const closing = closingOf(line, opening);
  const indent = /^ */.exec(line)![0];
  const parts = atCommas(line.slice(opening + 1, closing));
  const isLoop = parts.length === 1;
  return [
    line.slice(0, opening + 1),
    ...parts.flatMap((part) => wrapped(`${indent}    ${part.trim()}${isLoop ? '' : ','}`)),
    ...wrapped(`${indent}${line.slice(closing)}`),
  ];
}

/** Where the brackets open that hold most of the line, of those in no others. */
function widestOpening(line: string): number | undefined {
  let best: number | undefined;
  for (let at = 0; at < line.length; at++) {
    if (!'([{'.includes(line[at]!)) continue;
    const end = closingOf(line, at);
    if (best === undefined || end - at > closingOf(line, best) - best) best = at;
    at = end;
  }
  return best;
}

function closingOf(line: string, opening: number): number {
  let depth = 0;
  for (let at = opening; at < line.length; at++) {
    if ('([{'.includes(line[at]!)) depth++;
    if (')]}'.includes(line[at]!) && --depth === 0) return at;
  }
  return line.length;
}

function atCommas(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if ('([{'.includes(text[at]!)) depth++;
    if (')]}'.includes(text[at]!)) depth--;
    if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)].filter((part) => part.trim() !== '');
}
