/**
 * Opens mutated files, one after the other, and tells the parent before and after each. What ends this process, or
 * blocks it, is the parent's to see (scripts/fuzz.mjs).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stream } from '../../src/data/random';
import { formats, type Format } from './formats';

/** Cases of a format, made from the seed, a file, or the seed files as they are. */
type Order = { format: string } & (
  { seed: number; from: number; to: number } | { file: string } | { asIs: true }
);

/** Larger ones are slow to write, whoever reads them. */
const largestCase = 4_000_000;

const folder = path.join(process.env['FLOWSCOPE_FUZZ_FOLDER']!, 'case');
const seeds = new Map<string, Buffer[]>();
let rejected: unknown;
process.on('unhandledRejection', (reason) => (rejected ??= reason ?? new Error('an empty rejection')));

async function seedsOf(format: Format): Promise<Buffer[]> {
  let files = seeds.get(format.name);
  if (!files) seeds.set(format.name, (files = await format.seeds()));
  if (files.length === 0) throw new Error(`no seeds of ${format.name}`);
  return files;
}

async function bytesOf(format: Format, order: Order, index: number): Promise<Buffer> {
  if ('file' in order) return readFileSync(order.file);
  const files = await seedsOf(format);
  if ('asIs' in order) return files[index]!;
  const { seed } = order;
  const random = stream(seed, 'fuzz', format.name, index);
  let bytes = files[random.integer(files.length)]!;
  for (let changes = 1 + random.integer(3); changes > 0; changes--) {
    const changed = format.mutate(bytes, random);
    if (changed.length <= largestCase) bytes = changed;
  }
  return bytes;
}

/** What is wrong with how the file was opened; undefined where it opened, or was refused in words. */
async function problemOf(
  format: Format,
  bytes: Buffer,
): Promise<{ problem?: string; refused: boolean; why?: string }> {
  const file = path.join(folder, format.file);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  rejected = undefined;
  let thrown: unknown;
  try {
    await format.open(file, folder);
  } catch (error) {
    thrown = error ?? new Error('nothing was thrown');
  }
  // Rejections that nobody handles are reported after the current turn.
  await new Promise((resolve) => setImmediate(resolve));
  const refused = thrown !== undefined;
  if (rejected !== undefined) return { problem: `unhandled rejection: ${told(rejected)}`, refused };
  const why = refused ? told(thrown).split('\n')[0] : undefined;
  if (refused && !(thrown instanceof Error && thrown.name === 'UserError'))
    return { problem: told(thrown), refused };
  return { refused, why };
}

function told(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const peak = (): number => process.resourceUsage().maxRSS;

async function answer(order: Order): Promise<void> {
  const format = formats.find(({ name }) => name === order.format);
  if (!format) throw new Error(`no format ${order.format}`);
  const [from, to] =
    'seed' in order ? [order.from, order.to] : [0, 'file' in order ? 1 : (await seedsOf(format)).length];
  for (let index = from; index < to; index++) {
    const bytes = await bytesOf(format, order, index);
    const before = peak();
    process.send!({ begins: index });
    const found = await problemOf(format, bytes);
    // Making a case may take more memory than opening it; then what is in use now counts.
    const kilobytes = peak() > before ? peak() : process.memoryUsage.rss() / 1024;
    process.send!({ ended: index, ...found, kilobytes });
    if (index % 50 === 0) globalThis.gc?.();
  }
  process.send!({ done: true });
}

process.on(
  'message',
  (order: Order) =>
    void answer(order).catch((error: unknown) => {
      process.stderr.write(`${told(error)}\n`, () => process.exit(1));
    }),
);
process.on('disconnect', () => process.exit());
process.send!({ pid: process.pid, formats: formats.map(({ name, file }) => ({ name, file })) });
