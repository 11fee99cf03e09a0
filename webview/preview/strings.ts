/** Every text of the data preview, in the language that the document names. */
import { chosenLanguage } from '../base/format/language';
import { preview as german } from '../strings/de/preview';
import { preview as english } from '../strings/en/preview';

export const text: typeof english = chosenLanguage === 'de' ? german : english;
