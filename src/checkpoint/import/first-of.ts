/** Libraries with several kinds of flows: the first importer that knows a file reads it. */
import type { Recognizer } from './types';

export function firstOf(name: string, recognizers: readonly Recognizer[]): Recognizer {
  return {
    name,
    modules: (modules) => recognizers.flatMap((recognizer) => recognizer.modules?.(modules) ?? []),
    recognize(file) {
      for (const recognizer of recognizers) {
        const recognized = recognizer.recognize(file);
        if (recognized) return recognized;
      }
      return undefined;
    },
    closeness: (file) =>
      recognizers.map((recognizer) => recognizer.closeness(file)).sort((a, b) => b.share - a.share)[0]!,
  };
}
