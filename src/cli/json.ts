/** JSON for `--json`. NaN and ±∞, for which JSON has no word, become the texts "NaN", "Infinity" and "-Infinity". */

function plain(_: string, item: unknown): unknown {
  if (typeof item === 'number' && !Number.isFinite(item)) return String(item);
  return ArrayBuffer.isView(item) && !(item instanceof DataView) ? Array.from(item as Float64Array) : item;
}

/** One line. */
export function toLine(value: unknown): string {
  return JSON.stringify(value, plain);
}

/** Indented, since people look at it too; but a list of numbers, such as a shape, is one line. */
export function toJson(value: unknown): string {
  return indented(JSON.parse(toLine(value)), '');
}

function indented(value: unknown, margin: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${margin}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null)) return JSON.stringify(value);
    return `[\n${value.map((item) => inner + indented(item, inner)).join(',\n')}\n${margin}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  return `{\n${entries
    .map(([key, item]) => `${inner}${JSON.stringify(key)}: ${indented(item, inner)}`)
    .join(',\n')}\n${margin}}`;
}
