/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Mask', 'Maske'],
  maskHere: ['Mask at this scale', 'Maske auf dieser Skala'],
  maskInImage: ['In image coordinates', 'In Bildkoordinaten'],
  read: ['Read by the network', 'Vom Netz gelesen'],
  moves: ['Moved by the layer', 'Von der Schicht bewegt'],
  maskHereNote: (read: number, total: number) => [
    `${read} of ${total} ${read === 1 ? 'is' : 'are'} read, ${total - read} ${total - read === 1 ? 'moves' : 'move'}`,
    `${read} von ${total} werden gelesen, ${total - read} bewegt`,
  ],
  readNote: ['b ⊙ x, over the example', 'b ⊙ x, über dem Beispiel'],
  movesNote: ['(1 − b) ⊙ x, over the example', '(1 − b) ⊙ x, über dem Beispiel'],
  keyMoves: ['moves', 'wird bewegt'],
  keyReads: ['is read, passes unchanged', 'wird gelesen, geht unverändert durch'],
  keyGone: ['factored out before this layer', 'vor dieser Schicht ausfaktorisiert'],
  noMask: ['This layer has no mask', 'Diese Schicht hat keine Maske'],
  inOrder: (features: string) => [
    `It maps the features one after the other, each given those before it: ${features}.`,
    `Sie bildet die Merkmale nacheinander ab, jedes gegeben die vor ihm: ${features}.`,
  ],
  noMaskWhy: [
    'Only couplings split their input. This layer treats all elements alike.',
    'Nur Kopplungen teilen ihre Eingabe. Diese Schicht behandelt alle Elemente gleich.',
  ],
});
