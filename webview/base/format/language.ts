/** The language of texts and numbers: the document's, where it is one that we have. */
import { languageOf, type Language } from '../../../src/protocol/language';

/** Outside of a document, as in a test, English. */
export const chosenLanguage: Language = languageOf(
  typeof document === 'undefined' ? undefined : document.documentElement.lang,
);

/** One of two in the chosen language. */
export const inLanguage = <T>(english: T, german: T): T => (chosenLanguage === 'de' ? german : english);

/** A text in both languages; alone where they share it. */
export type Both = string | readonly [english: string, german: string];

type List = readonly (string | List)[];
type Entry = Both | readonly [english: List, german: List] | ((...values: never[]) => Both) | Table;

interface Table {
  readonly [name: string]: Entry;
}

type Widened<T> = T extends string ? string : { readonly [I in keyof T]: Widened<T[I]> };
type Chosen<E> = E extends readonly [infer T, unknown]
  ? Widened<T>
  : E extends (...values: infer Values) => Both
    ? (...values: Values) => string
    : E extends string
      ? string
      : { readonly [Name in keyof E]: Chosen<E[Name]> };

/** The texts of a table in the chosen language. Each stands in it once, with its values, in both languages. */
export const bilingual = <const T extends Table>(table: T): Chosen<T> => chosen(table) as Chosen<T>;

function chosen(entry: Entry): unknown {
  if (typeof entry === 'string') return entry;
  if (typeof entry === 'function') return (...values: never[]) => chosen(entry(...values));
  if (Array.isArray(entry)) return inLanguage<unknown>(entry[0], entry[1]);
  return Object.fromEntries(Object.entries(entry).map(([name, inner]) => [name, chosen(inner as Entry)]));
}
