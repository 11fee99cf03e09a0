/** Rows of numbers as the text of a .csv, a while at a time. */

const together = 1000;

export function* tableOf(
  names: readonly string[],
  count: number,
  row: (i: number) => ArrayLike<number>,
): Generator<Uint8Array> {
  const quoted = (name: string): string =>
    /[",\n\r]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
  yield Buffer.from(`${names.map(quoted).join(',')}\n`);
  for (let start = 0; start < count; start += together) {
    let text = '';
    for (let i = start; i < Math.min(count, start + together); i++)
      text += `${Array.from(row(i), shortest).join(',')}\n`;
    yield Buffer.from(text);
  }
}

/** The fewest digits that read back as the same float32. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}
