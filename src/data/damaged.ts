/** Pictures that cannot be read. */
import { several, UserError } from '../base/user-error';

/** Whatever is asked of the picture, it cannot be read. */
export class DamagedPicture extends UserError {}

const shown = 5;

/** "a.png", "b.png" and 3 more. */
export function namesOfDamaged(paths: readonly string[]): string {
  const more = paths.length - shown;
  const named = paths
    .slice(0, shown)
    .map((each) => JSON.stringify(each))
    .join(', ');
  return more > 0 ? `${named} and ${more.toLocaleString('en')} more` : named;
}

/** "2 images that cannot be read: …". */
export const damagedImages = (paths: readonly string[]): string =>
  `${several(paths.length, 'image')} that cannot be read: ${namesOfDamaged(paths)}`;

/** The answer, or undefined for a picture that cannot be read. */
export async function unlessDamaged<T>(answer: () => Promise<T>): Promise<T | undefined> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof DamagedPicture) return undefined;
    throw error;
  }
}
