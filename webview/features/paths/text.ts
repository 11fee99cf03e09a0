/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Paths', 'Wege'],
  own: (ratio: string) => [
    `The path of this example is ${ratio} times as long as its chord.`,
    `Der Weg dieses Beispiels ist ${ratio}-mal so lang wie seine Sehne.`,
  ],
  mean: (ratio: string, count: number) => [
    `The mean of ${count} is ${ratio}; 1 is straight.`,
    `Das Mittel von ${count} ist ${ratio}; 1 ist gerade.`,
  ],
  board: (count: number, across: string, up: string) => [
    `Paths of ${count} examples from data to noise, ${across} across and ${up} up`,
    `Wege von ${count} Beispielen von den Daten zum Rauschen, ${across} nach rechts und ${up} nach oben`,
  ],
  note: (from: string, to: string) => [
    `From data (dots) to noise (rings). Colored: this example; bold: the selected slice, from t = ${from} (dot) to t = ${to} (ring).`,
    `Von den Daten (Punkte) zum Rauschen (Ringe). Farbig: dieses Beispiel; fett: der gewählte Abschnitt, von t = ${from} (Punkt) bis t = ${to} (Ring).`,
  ],
  straightness: ['How straight', 'Wie gerade'],
  unit: ['length / chord', 'Länge / Sehne'],
  section: ['Lengths count all features.', 'Längen zählen alle Merkmale.'],
});
