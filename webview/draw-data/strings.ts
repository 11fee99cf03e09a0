/** Every text of the drawing page, in the language that the document names. */
import { chosenLanguage } from '../base/format/language';
import { drawData as german } from '../strings/de/draw-data';
import { drawData as english } from '../strings/en/draw-data';

export const text: typeof english = chosenLanguage === 'de' ? german : english;
