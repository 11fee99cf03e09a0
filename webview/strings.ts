/** Every text of the page, in the language that the document names. */
import { chosenLanguage } from './base/format/language';
import { german } from './strings/de';
import { english } from './strings/en';

export const text: typeof english = chosenLanguage === 'de' ? german : english;
