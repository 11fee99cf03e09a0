/** The language of texts and numbers: the document's, where it is one that we have. */
import { languageOf, type Language } from '../../../src/protocol/language';

/** Outside of a document, as in a test, English. */
export const chosenLanguage: Language = languageOf(
  typeof document === 'undefined' ? undefined : document.documentElement.lang,
);

/** The texts in the chosen language. The type of the German ones is to prove that none is missing. */
export const inLanguage = <T>(english: T, german: T): T => (chosenLanguage === 'de' ? german : english);
