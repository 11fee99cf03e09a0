/** Paths of data that a model's file names. A stranger may have written it. */
import path from 'node:path';
import { shortened, UserError } from '../../base/user-error';
import type { DataConfig } from '../../config/schema';

/**
 * On Windows, looking at a path of another machine signs in there with the user's name and password's hash, and a path of a
 * device waits for it. Neither is done for a path out of a file, unless the file itself lies on that share.
 * @param paths Windows' or the other rules; of this system by default
 * @throws UserError that says what to do
 */
export function refuseRemote(
  {
    source,
    validationSource,
    contextSource,
  }: Pick<DataConfig, 'source' | 'validationSource' | 'contextSource'>,
  baseFolder: string,
  paths: Pick<typeof path, 'resolve' | 'parse'> = path,
): void {
  const rootOf = (file: string): string => paths.parse(paths.resolve(file)).root.toLowerCase();
  for (const named of [source, validationSource, contextSource]) {
    if (named === undefined) continue;
    const root = rootOf(paths.resolve(baseFolder, named));
    if (!root.startsWith('\\\\') || root === rootOf(baseFolder)) continue;
    throw new UserError(
      `The file names data on another machine or a device (${shortened(named)}), which are not looked for. Copy them to this ` +
        'machine and choose the copy.',
    );
  }
}
