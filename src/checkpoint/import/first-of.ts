/** Libraries with several kinds of flows: the first importer that knows a file reads it. */
import { isRecognized, type Closeness, type Recognizer } from './types';

/** Below this share of known names, "closest" would only mislead. */
export const leastShare = 0.25;

/** A file that names a library is its, even where nothing in it is known. */
export const rankOf = ({ share, named = false }: Closeness): number =>
  Math.max(share, named ? leastShare : 0);

/** @param first also reads what modules say of themselves, for all of them */
export function firstOf(first: Recognizer, ...others: readonly Recognizer[]): Recognizer {
  const all = [first, ...others];
  return {
    name: first.name,
    ...(first.modules ? { modules: first.modules } : {}),
    read(file) {
      const misses: Closeness[] = [];
      for (const recognizer of all) {
        const reading = recognizer.read(file);
        if (isRecognized(reading)) return reading;
        misses.push(reading);
      }
      return misses.sort((a, b) => rankOf(b) - rankOf(a))[0]!;
    },
  };
}
