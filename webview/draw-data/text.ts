/** Texts of this page, in English and in German. */
import { count } from '../base/format/numbers';
import { inLanguage } from '../base/format/language';

export const english = {
  title: 'Draw data',
  about: 'Draw points between −3 and 3 in two features. They are saved as a table, ready for training.',
  tool: 'Tool',
  spray: 'Spray',
  eraser: 'Eraser',
  size: 'Size',
  perDab: (n: number) => `${n} at a time`,
  undo: 'Undo',
  redo: 'Redo',
  clear: 'Clear',
  startFrom: 'Start from',
  chooseSet: 'a built-in set',
  points: (n: number) => (n === 1 ? '1 point' : `${count(n)} points`),
  few: (n: number) => `At least ${n} points make a data set.`,
  full: (n: number) => `There is room for ${count(n)} points.`,
  empty: 'Drag over the plane to spray points, or start from a built-in set.',
  save: 'Save…',
  saveAndTrain: 'Save and train…',
  saved: (name: string) => `Saved as ${name}.`,
  saving: 'Saving…',
  loading: 'Reading the points…',
  failed: 'That did not work',
  plane: 'The plane',
  keys: 'Arrow keys move the brush, with Shift in larger steps. Space sprays or erases, Delete erases, E changes the tool.',
  at: (x: string, y: string) => `Brush at ${x}, ${y}`,
};

export const german: typeof english = {
  title: 'Daten zeichnen',
  about:
    'Punkte mit zwei Merkmalen, von −3 bis 3. Sie werden als Tabelle gespeichert, auf der ein Flow trainiert wird.',
  tool: 'Werkzeug',
  spray: 'Sprühen',
  eraser: 'Radierer',
  size: 'Größe',
  perDab: (n: number) => `${n} auf einmal`,
  undo: 'Rückgängig',
  redo: 'Wiederholen',
  clear: 'Leeren',
  startFrom: 'Beginnen mit',
  chooseSet: 'eingebautem Satz',
  points: (n: number) => (n === 1 ? '1 Punkt' : `${count(n)} Punkte`),
  few: (n: number) => `Ein Datensatz braucht mindestens ${n} Punkte.`,
  full: (n: number) => `Es ist Platz für ${count(n)} Punkte.`,
  empty: 'Über die Ebene ziehen, um Punkte zu sprühen, oder mit einem eingebauten Satz beginnen.',
  save: 'Speichern…',
  saveAndTrain: 'Speichern und trainieren…',
  saved: (name: string) => `Gespeichert als ${name}.`,
  saving: 'Wird gespeichert…',
  loading: 'Die Punkte werden gelesen…',
  failed: 'Das ging nicht',
  plane: 'Die Ebene',
  keys: 'Die Pfeiltasten bewegen den Pinsel, mit Umschalt in größeren Schritten. Die Leertaste sprüht oder radiert, Entf radiert, E wechselt das Werkzeug.',
  at: (x: string, y: string) => `Pinsel bei ${x}, ${y}`,
};

export const text = inLanguage(english, german);
