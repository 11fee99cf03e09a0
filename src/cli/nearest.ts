import { nearest as nearestByEdits } from '../config/nearest';

/** The name that was probably meant: the only one that begins so, or one a few edits away. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const begun = word.length > 1 ? names.filter((name) => name.startsWith(word.toLowerCase())) : [];
  return begun.length === 1 ? begun[0] : nearestByEdits(word, names);
}

/** " Did you mean …?" with a leading blank, or nothing. */
export function didYouMean(word: string, names: readonly string[], prefix = ''): string {
  const name = nearest(word, names);
  return name === undefined ? '' : ` Did you mean ${prefix}${name}?`;
}
