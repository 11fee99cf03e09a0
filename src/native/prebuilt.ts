/** First rung: what tfjs-node's own install script would download, where its host answers. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { checkDownload, checkTrusted } from './checksums';
import type { RungContext } from './ladder';
import { runCommand } from './run-command';
import { prebuiltFiles, type NativeSources } from './sources';
import type { Staged } from './wheel';

/** A host that is not reachable must not hold up the next rung. */
const connectTimeout = 8_000;

/**
 * Fills `folder` with the published add-on and libtensorflow in the places that the add-on looks in.
 * @param known checksums by the names of files
 */
export async function stagePrebuilt(
  folder: string,
  sources: NativeSources,
  context: RungContext,
  known?: Readonly<Record<string, string>>,
): Promise<Staged> {
  const files = prebuiltFiles(sources.tfjsNode);
  if (!files) throw new Error(`no prebuilt files are published for ${process.platform}-${process.arch}`);
  const expected = { addon: checkTrusted(files.addon, known), library: checkTrusted(files.library, known) };
  const scratch = path.join(folder, 'scratch');
  await mkdir(scratch, { recursive: true });

  const addon = await download(files.addon, scratch, 'Downloading the add-on', context);
  const library = await download(files.library, scratch, 'Downloading libtensorflow', context);
  context.progress('Checking the checksums of the downloads');
  if (expected.addon) await checkDownload(addon, expected.addon, context.signal);
  if (expected.library) await checkDownload(library, expected.library, context.signal);
  context.progress('Unpacking');
  // tar is part of Linux, macOS and Windows 10; the one of Windows reads zip files too.
  const deps = path.join(folder, 'deps');
  await mkdir(deps, { recursive: true });
  await runCommand('tar', ['-xf', library, '-C', deps], { signal: context.signal });
  await runCommand('tar', ['-xf', addon, '-C', scratch], { signal: context.signal });
  const binding = (await readdir(scratch, { recursive: true })).find(
    (name) => path.basename(name) === 'tfjs_binding.node',
  );
  if (!binding) throw new Error('the downloaded add-on holds no tfjs_binding.node');
  // The add-on is linked with the library at ../../deps/lib, relative to its own folder; on Windows the library is next to it.
  const home = path.join(folder, 'lib', 'napi-v8');
  await mkdir(home, { recursive: true });
  await rename(path.join(scratch, binding), path.join(home, 'tfjs_binding.node'));
  if (process.platform === 'win32') {
    const dll = (await readdir(deps, { recursive: true })).find(
      (name) => path.basename(name) === 'tensorflow.dll',
    );
    if (!dll) throw new Error('the downloaded library holds no tensorflow.dll');
    await rename(path.join(deps, dll), path.join(home, 'tensorflow.dll'));
  }
  await rm(path.join(deps, 'include'), { recursive: true, force: true });
  await rm(scratch, { recursive: true, force: true });
  return { binding: 'lib/napi-v8/tfjs_binding.node', tensorflow: files.tensorflow };
}

async function download(
  address: string,
  folder: string,
  label: string,
  { signal, progress }: RungContext,
): Promise<string> {
  const connect = new AbortController();
  const timer = setTimeout(() => connect.abort(new Error('no answer in 8 s')), connectTimeout);
  try {
    const response = await fetch(address, { signal: AbortSignal.any([signal, connect.signal]) });
    clearTimeout(timer);
    if (!response.ok || !response.body) throw new Error(`the host answered ${response.status}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    const file = path.join(folder, path.basename(new URL(address).pathname));
    let bytes = 0;
    const body = Readable.fromWeb(response.body as ReadableStream);
    let shownAt = 0;
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (performance.now() - shownAt < 200) return;
      shownAt = performance.now();
      progress(label, bytes, total);
    });
    await pipeline(body, createWriteStream(file), { signal });
    if (total !== undefined && bytes !== total) throw new Error(`${bytes} of ${total} bytes arrived`);
    return file;
  } finally {
    clearTimeout(timer);
  }
}
