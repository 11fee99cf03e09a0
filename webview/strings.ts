/** Every text of the page, in the language that the document names. */
import { german } from './strings/de';
import { english } from './strings/en';

type Texts = typeof english;

const languages: Record<string, Partial<Texts>> = { de: german };

export const text: Texts = {
  ...english,
  ...languages[document.documentElement.lang.split('-')[0]!],
};
