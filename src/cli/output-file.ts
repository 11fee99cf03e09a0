/** Checks where a result is to go before anything is computed. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/user-error';

/**
 * The extension (lower case, with its dot) of an output file, which says its format.
 * @param option names the file on the command line
 * @throws UserError when it is not one of `known`, or the folder is not there
 */
export async function checkOutput<const E extends string>(
  file: string,
  known: readonly E[],
  option = '--output',
): Promise<E> {
  const extension = path.extname(file).toLowerCase();
  const found = known.find((each) => each === extension);
  if (!found) {
    throw new UserError(
      `${option} ${file}: the extension sets the format; expected ${known.length > 1 ? 'one of ' : ''}${known.join(', ')}.`,
    );
  }
  const folder = path.dirname(path.resolve(file));
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory())
    throw new UserError(`${option} ${file}: there is no folder ${folder}. Create it first.`);
  const target = await stat(path.resolve(file)).catch(() => undefined);
  if (target?.isDirectory())
    throw new UserError(`${option} ${file}: a folder with this name exists. Choose another name.`);
  return found;
}
