/** What a source of data is, by its name. */
import path from 'node:path';
import { builtinData, type DataChoice } from './catalogue';
import { kindOfFile } from './data-files';

/** Where the name does not tell what a path holds, the engine looks into it and says what it is, or what was expected. */
export function choiceOf(source: string, kind = kindOfFile(source)): DataChoice {
  const builtin = builtinData.find((data) => data.source === source);
  if (builtin) return builtin;
  // A name without an extension is a folder more often than not.
  const guess = kind ?? (path.extname(source) === '' ? 'pictures' : 'table');
  return { source, kind: guess, title: path.basename(source), about: '' };
}

/** "plants.csv.gz" → "plants". */
export function dataName(source: string): string {
  return path
    .basename(source)
    .replace(/(\.(csv|tsv|parquet|nc|npy|npz|zip|bin|idx|gz|idx\d-ubyte)|-idx\d-ubyte)+$/i, '');
}
