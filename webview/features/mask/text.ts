/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Mask',
  maskHere: 'Mask at this scale',
  maskInImage: 'In image coordinates',
  read: 'Read by the network',
  moves: 'Moved by the layer',
  maskHereNote: (read: number, total: number) =>
    `${read} of ${total} ${read === 1 ? 'is' : 'are'} read, ${total - read} ${total - read === 1 ? 'moves' : 'move'}`,
  readNote: 'b ⊙ x, over the example',
  movesNote: '(1 − b) ⊙ x, over the example',
  keyMoves: 'moves',
  keyReads: 'is read, passes unchanged',
  keyGone: 'factored out before this layer',
  noMask: 'This layer has no mask',
  inOrder: (features: string) =>
    `It maps the features one after the other, each given those before it: ${features}.`,
  noMaskWhy: 'Only couplings split their input. This layer treats all elements alike.',
};

export const german: typeof english = {
  tab: 'Maske',
  maskHere: 'Maske auf dieser Skala',
  maskInImage: 'In Bildkoordinaten',
  read: 'Vom Netz gelesen',
  moves: 'Von der Schicht bewegt',
  maskHereNote: (read: number, total: number) =>
    `${read} von ${total} werden gelesen, ${total - read} bewegt`,
  readNote: 'b ⊙ x, über dem Beispiel',
  movesNote: '(1 − b) ⊙ x, über dem Beispiel',
  keyMoves: 'wird bewegt',
  keyReads: 'wird gelesen, geht unverändert durch',
  keyGone: 'vor dieser Schicht ausfaktorisiert',
  noMask: 'Diese Schicht hat keine Maske',
  inOrder: (features: string) =>
    `Sie bildet die Merkmale nacheinander ab, jedes gegeben die vor ihm: ${features}.`,
  noMaskWhy: 'Nur Kopplungen teilen ihre Eingabe. Diese Schicht behandelt alle Elemente gleich.',
};

export const text = inLanguage(english, german);
