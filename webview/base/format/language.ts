/** The language of texts and numbers: the document's, where it is one that we have. */
import { languageOf, type Language } from '../../../src/protocol/language';

/** Outside of a document, as in a test, English. */
export const chosenLanguage: Language = languageOf(
  typeof document === 'undefined' ? undefined : document.documentElement.lang,
);
