/** Texts of this page, in English and in German. */
import { count, bilingual, several } from '../base/format/numbers';

export const text = bilingual({
  title: ['Draw data', 'Daten zeichnen'],
  about: [
    'Draw points between −3 and 3 in two features. They are saved as a table, ready for training.',
    'Punkte mit zwei Merkmalen, von −3 bis 3. Sie werden als Tabelle gespeichert, auf der ein Flow trainiert wird.',
  ],
  tool: ['Tool', 'Werkzeug'],
  spray: ['Spray', 'Sprühen'],
  eraser: ['Eraser', 'Radierer'],
  size: ['Size', 'Größe'],
  perDab: (n: number) => [`${n} at a time`, `${n} auf einmal`],
  undo: ['Undo', 'Rückgängig'],
  redo: ['Redo', 'Wiederholen'],
  clear: ['Clear', 'Leeren'],
  startFrom: ['Start from', 'Beginnen mit'],
  chooseSet: ['a built-in set', 'eingebautem Satz'],
  points: (n: number) => [several(n, 'point', 'points'), several(n, 'Punkt', 'Punkte')],
  few: (n: number) => [
    `At least ${n} points make a data set.`,
    `Ein Datensatz braucht mindestens ${n} Punkte.`,
  ],
  full: (n: number) => [`There is room for ${count(n)} points.`, `Es ist Platz für ${count(n)} Punkte.`],
  empty: [
    'Drag over the plane to spray points, or start from a built-in set.',
    'Über die Ebene ziehen, um Punkte zu sprühen, oder mit einem eingebauten Satz beginnen.',
  ],
  save: ['Save…', 'Speichern…'],
  saveAndTrain: ['Save and train…', 'Speichern und trainieren…'],
  saved: (name: string) => [`Saved as ${name}.`, `Gespeichert als ${name}.`],
  saving: ['Saving…', 'Wird gespeichert…'],
  loading: ['Reading the points…', 'Die Punkte werden gelesen…'],
  failed: ['That did not work', 'Das ging nicht'],
  plane: ['The plane', 'Die Ebene'],
  keys: [
    'Arrow keys move the brush, with Shift in larger steps. Space sprays or erases, Delete erases, E changes the tool.',
    'Die Pfeiltasten bewegen den Pinsel, mit Umschalt in größeren Schritten. Die Leertaste sprüht oder radiert, Entf radiert, E wechselt das Werkzeug.',
  ],
  at: (x: string, y: string) => [`Brush at ${x}, ${y}`, `Pinsel bei ${x}, ${y}`],
});
