/** How many tensors a file may hold and how long their names may be, whatever its container: importers look at all of them. */
import { shortened, UserError } from '../../base/user-error';

/** The largest language models have as many in all of their files together. */
const mostTensors = 100_000;
const longestName = 1000;
/** Characters of all names together. */
const mostCharacters = 2 ** 24;

/** @throws UserError */
export function checkTensorNames(file: string, names: Iterable<string>): void {
  let count = 0;
  let characters = 0;
  for (const name of names) {
    characters += name.length;
    if (characters > mostCharacters)
      throw new UserError(
        `${file}: has names of tensors with more than ${mostCharacters} characters together. Give them shorter ones.`,
      );
    if (++count > mostTensors)
      throw new UserError(
        `${file}: holds more than ${mostTensors} tensors, which are not listed. Split the file.`,
      );
    if (name.length > longestName) {
      throw new UserError(
        `${file}: holds a tensor with a name of ${name.length} characters, "${shortened(name, 60)}"; expected at most ` +
          `${longestName}. Give it a shorter one.`,
      );
    }
  }
}
