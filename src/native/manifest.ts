/** The list of files of a native folder with their sizes and checksums, written last: a folder without one is not used. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';

export const manifestName = 'manifest.json';

const relativePath = v.pipe(
  v.string(),
  v.check(
    (name) => !path.isAbsolute(name) && !name.split(/[\\/]/).includes('..'),
    'a path inside the folder',
  ),
);

const manifestSchema = v.object({
  format: v.literal(1),
  tfjsNode: v.string(),
  tensorflow: v.string(),
  source: v.string(),
  binding: relativePath,
  created: v.string(),
  files: v.record(relativePath, v.object({ bytes: v.number(), sha256: v.string() })),
});

export type Manifest = v.InferOutput<typeof manifestSchema>;

/** The manifest of a folder, or undefined where it is absent or not readable as one. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const parsed = v.safeParse(
      manifestSchema,
      JSON.parse(readFileSync(path.join(folder, manifestName), 'utf8')),
    );
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

export function filesAreThere(folder: string, manifest: Manifest): boolean {
  return Object.entries(manifest.files).every(([name, { bytes }]) => bytesOf(inside(folder, name)) === bytes);
}

/** Describes every file that is in the folder now. */
export async function writeManifest(
  folder: string,
  about: Omit<Manifest, 'format' | 'files' | 'created'>,
  signal?: AbortSignal,
): Promise<Manifest> {
  const files: Manifest['files'] = {};
  for (const name of await filesOf(folder)) {
    if (name === manifestName) continue;
    const file = inside(folder, name);
    files[name] = { bytes: statSync(file).size, sha256: await sha256Of(file, signal) };
  }
  const manifest: Manifest = { format: 1, created: new Date().toISOString(), ...about, files };
  await writeFile(path.join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/** What is wrong with the folder, one line a file, or an empty list. Reads every byte. */
export async function damageOf(folder: string, manifest: Manifest, signal?: AbortSignal): Promise<string[]> {
  const damage: string[] = [];
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = inside(folder, name);
    const bytes = bytesOf(file);
    if (bytes === undefined) damage.push(`${name} is missing`);
    else if (bytes !== expected.bytes) damage.push(`${name} has ${bytes} bytes instead of ${expected.bytes}`);
    else if ((await sha256Of(file, signal)) !== expected.sha256) damage.push(`${name} has another checksum`);
  }
  return damage;
}

export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}

function inside(folder: string, name: string): string {
  return path.join(folder, ...name.split('/'));
}

function bytesOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}
