/** Writes the same lines for one module after the other of a list as a loop over the list. */

/** Fewer are as easily read one by one. */
const leastTurns = 3;

/** @param lengthOf number of modules in a list such as "self.couplings"; undefined where it holds other things */
export function asLoops(lines: readonly string[], lengthOf: (list: string) => number | undefined): string[] {
  const result: string[] = [];
  for (let at = 0; at < lines.length;) {
    const loop = [1, 2, 3].flatMap((size) => loopAt(lines, at, size, lengthOf) ?? [])[0];
    if (loop) {
      result.push(...loop.lines);
      at += loop.taken;
    } else result.push(lines[at++]!.replace(startOfSum, '$1'));
  }
  return result;
}

/** A sum that begins at nothing, as `sums.ts` writes it. */
const startOfSum = /^(\w+ = )0\.0 \+ (?=\w+$)/;

function loopAt(
  lines: readonly string[],
  at: number,
  size: number,
  lengthOf: (list: string) => number | undefined,
): { lines: string[]; taken: number } | undefined {
  const turn = (number: number) => turnOf(lines.slice(at + number * size, at + (number + 1) * size), size);
  const [first, second] = [turn(0), turn(1)];
  if (!first || !second || first.list !== second.list) return undefined;
  const step = second.index - first.index;
  const before = firstTurn(first.lines, second.lines);
  if (Math.abs(step) !== 1 || !before) return undefined;
  let turns = 2;
  for (let next = turn(turns); next; next = turn(++turns)) {
    const continues = next.list === first.list && next.index === first.index + turns * step;
    if (!continues || next.lines.join('\n') !== second.lines.join('\n')) break;
  }
  const length = lengthOf(first.list);
  if (turns < leastTurns || length === undefined) return undefined;
  const variable = variableOf(first.list);
  const last = first.index + (turns - 1) * step;
  const [from, to] = [Math.min(first.index, last), Math.max(first.index, last)];
  const part = from === 0 && to === length - 1 ? first.list : `${first.list}[${from}:${to + 1}]`;
  return {
    lines: [
      ...before,
      `for ${variable} in ${step > 0 ? part : `reversed(${part})`}:`,
      ...second.lines.map((line) => `    ${line.replaceAll('@', variable)}`),
    ],
    taken: turns * size,
  };
}

/** A call of a module of a list, or a call that is given a row of one, and lines after it that name no other. */
function turnOf(lines: readonly string[], size: number) {
  const found = /^[^=]* = .*?(self[\w.[\]]*)\[(\d+)\]/.exec(lines[0] ?? '');
  if (!found || lines.length < size) return undefined;
  const module = `${found[1]!}[${found[2]!}]`;
  /** Lines with `@` in place of the module. */
  const replaced = lines.map((line) => line.replaceAll(module, '@'));
  if (replaced.some((line) => /self[\w.[\]]*\[\d+\]/.test(line) || line.startsWith('return')))
    return undefined;
  return { list: found[1]!, index: Number(found[2]), lines: replaced };
}

/** What has to come before a loop so that its first turn is like the others; undefined where nothing would do. */
function firstTurn(first: readonly string[], other: readonly string[]): string[] | undefined {
  const before: string[] = [];
  for (const [i, line] of first.entries()) {
    if (line === other[i]) continue;
    const sum = /^(\w+) = 0\.0 \+ (\w+)$/.exec(line);
    if (sum && other[i] === `${sum[1]!} = ${sum[1]!} + ${sum[2]!}`) before.push(`${sum[1]!} = 0.0`);
    else {
      const assignments = otherArguments(line, other[i]!);
      if (!assignments) return undefined;
      before.push(...assignments);
    }
  }
  return before;
}

/** Assignments that make a call like another one that is given other variables. */
function otherArguments(line: string, usual: string): string[] | undefined {
  const [call, other] = [line, usual].map((text) => /^([^(]*\()([^()]*)\)$/.exec(text));
  if (!call || !other || call[1] !== other[1]) return undefined;
  const [from, to] = [call[2]!.split(', '), other[2]!.split(', ')];
  const changed = to.flatMap((name, i) => (name === from[i] ? [] : [[name, from[i] ?? ''] as const]));
  const areVariables = changed.every(([name, value]) => /^\w+$/.test(name) && /^[a-z]\w*$/.test(value));
  // One after the other they must not change what a later one reads.
  const names = changed.map(([name]) => name);
  const areApart = new Set(names).size === names.length && !from.some((value) => names.includes(value));
  return from.length === to.length && areVariables && areApart
    ? changed.map(([name, value]) => `${name} = ${value}`)
    : undefined;
}

/** "coupling" of "self.couplings". */
function variableOf(list: string): string {
  const word = /\.([a-z]\w*?)s?$/.exec(list)?.[1];
  return word && /s$/.test(list) ? word : 'layer';
}
