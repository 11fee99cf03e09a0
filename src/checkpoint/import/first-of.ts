/** Libraries with several kinds of flows: the first importer that knows a file reads it. */
import type { Recognizer } from './types';

/** @param first also reads what modules say of themselves, for all of them */
export function firstOf(first: Recognizer, ...others: readonly Recognizer[]): Recognizer {
  const all = [first, ...others];
  return {
    name: first.name,
    ...(first.modules ? { modules: first.modules } : {}),
    recognize(file) {
      for (const recognizer of all) {
        const recognized = recognizer.recognize(file);
        if (recognized) return recognized;
      }
      return undefined;
    },
    closeness: (file) =>
      all.map((recognizer) => recognizer.closeness(file)).sort((a, b) => b.share - a.share)[0]!,
  };
}
