/** Small files of many runs. VS Code's own reading goes by way of its window, which takes most of the time for thousands of files. */
import { readFile, stat } from 'node:fs/promises';
import { type Uri, workspace } from 'vscode';

/**
 * Bytes, and milliseconds since 1970.
 * @throws Error for anything but a file, such as a pipe, which would be waited for without end
 */
export async function statOf(uri: Uri): Promise<{ size: number; mtime: number }> {
  if (uri.scheme !== 'file') return workspace.fs.stat(uri);
  const info = await stat(uri.fsPath);
  if (!info.isFile()) throw new Error(`${uri.fsPath} is no file`);
  return { size: info.size, mtime: Math.floor(info.mtimeMs) };
}

export async function textOf(uri: Uri): Promise<string> {
  const bytes = await (uri.scheme === 'file' ? readFile(uri.fsPath) : workspace.fs.readFile(uri));
  return new TextDecoder().decode(bytes);
}
