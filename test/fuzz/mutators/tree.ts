/** JSON, and what is made of objects and lists like it: values, names and nesting. */
import type { RandomStream } from '../../../src/data/random';
import { mutateBytes } from './bytes';
import { extremes, pick, type Mutator } from './mutator';

const texts = [
  '',
  '__proto__',
  'constructor',
  '/etc/passwd',
  '../../../../etc/hosts',
  '\\\\localhost\\share\\x.csv',
  '/dev/zero',
  '\u001b]52;c;Li4u\u0007\u001b[2J',
  '<script>alert(1)</script>',
  '9007199254740993',
  'x'.repeat(100_000),
];

function anyValue(random: RandomStream): unknown {
  switch (random.integer(8)) {
    case 0:
      return null;
    case 1:
      return random.integer(2) === 0;
    case 2:
      return pick(random, texts);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return Array.from({ length: 1 + random.integer(40) }, () => pick(random, extremes));
    case 6:
      // Not in JSON: the writer makes null of it.
      return pick(random, [NaN, 0.5, -0.5, 1e308, 1e-320]);
    default:
      return pick(random, extremes);
  }
}

function nested(random: RandomStream): unknown {
  let value: unknown = anyValue(random);
  const list = random.integer(2) === 0;
  for (let depth = 0; depth < pick(random, [10, 1000, 5000]); depth++) value = list ? [value] : { a: value };
  return value;
}

type Container = Record<string, unknown> | unknown[];

/** Of everything that holds something, without bytes, whose values are no structure. */
function containers(root: unknown): Container[] {
  const found: Container[] = [];
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    found.push(value as Container);
    if (found.length < 20_000) waiting.push(...Object.values(value as Container));
  }
  return found;
}

/** Changes one place of the value itself. */
export function mutateTree(root: unknown, random: RandomStream): void {
  const container = pick(random, containers(root));
  const keys = Object.keys(container);
  if (Array.isArray(container)) mutateList(container, random);
  else if (keys.length === 0) container[pick(random, texts)] = anyValue(random);
  else mutateRecord(container, keys, random);
}

function mutateList(list: unknown[], random: RandomStream): void {
  const at = random.integer(list.length + 1);
  switch (random.integer(6)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, list[random.integer(list.length || 1)]);
      break;
    case 2:
      list.length = at;
      break;
    case 3:
      for (let i = pick(random, [10, 70, 2000]); i > 0; i--) list.push(list[0] ?? 1);
      break;
    default:
      list[at] = changed(list[at], random);
  }
}

function mutateRecord(record: Record<string, unknown>, keys: readonly string[], random: RandomStream): void {
  const key = pick(random, keys);
  const other = pick(random, keys);
  switch (random.integer(7)) {
    case 0:
      Reflect.deleteProperty(record, key);
      break;
    case 1:
      [record[key], record[other]] = [record[other], record[key]];
      break;
    case 2:
      record[renamed(key, random)] = record[key];
      if (random.integer(2) === 0) Reflect.deleteProperty(record, key);
      break;
    default:
      record[key] = changed(record[key], random);
  }
}

/** Numbers in a name count layers. */
function renamed(key: string, random: RandomStream): string {
  const numbers = [...key.matchAll(/\d+/g)];
  if (numbers.length === 0 || random.integer(3) === 0)
    return pick(random, [...texts, `${key}.0`, key.slice(1)]);
  const { 0: digits, index } = pick(random, numbers);
  return `${key.slice(0, index)}${pick(random, extremes)}${key.slice(index + digits.length)}`;
}

function changed(value: unknown, random: RandomStream): unknown {
  if (random.integer(12) === 0) return nested(random);
  // JSON within JSON, as in metadata.
  if (typeof value === 'string' && /^[{[]/.test(value) && random.integer(4) > 0) {
    try {
      const inner: unknown = JSON.parse(value);
      mutateTree(inner, random);
      return JSON.stringify(inner);
    } catch {
      return `${value}}`;
    }
  }
  if (typeof value === 'number' && random.integer(3) === 0) return value + pick(random, [-1, 1, 0.5]);
  if (typeof value === 'string' && random.integer(3) === 0) return renamed(value, random);
  return anyValue(random);
}

/** JSON.stringify recurses; what is nested too deeply is written level by level. */
export function toText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return `${'['.repeat(5000)}${']'.repeat(5000)}`;
  }
}

export const mutateJson: Mutator = (bytes, random) => {
  if (random.integer(5) === 0) return mutateBytes(bytes, random);
  try {
    const root: unknown = JSON.parse(bytes.toString());
    mutateTree(root, random);
    return Buffer.from(toText(root));
  } catch {
    return mutateBytes(bytes, random);
  }
};

/** Lines of JSON. */
export const mutateJsonLines: Mutator = (bytes, random) => {
  const lines = bytes.toString().split('\n');
  const at = random.integer(lines.length);
  lines[at] = mutateJson(Buffer.from(lines[at]!), random).toString('latin1');
  return Buffer.from(lines.join('\n'));
};
