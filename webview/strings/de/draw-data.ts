/** Every text of the page on which data are drawn. */
import { count } from '../../base/format/numbers';
import type { drawData as english } from '../en/draw-data';

export const drawData: typeof english = {
  title: 'Daten zeichnen',
  about:
    'Punkte mit zwei Merkmalen, von −3 bis 3. Sie werden als Tabelle gespeichert, auf der ein Flow trainiert wird.',
  tool: 'Werkzeug',
  spray: 'Sprühen',
  eraser: 'Radierer',
  size: 'Größe',
  density: 'Dichte',
  perDab: (n: number) => `${n} auf einmal`,
  undo: 'Rückgängig',
  redo: 'Wiederholen',
  clear: 'Leeren',
  startFrom: 'Beginnen mit',
  points: (n: number) => (n === 1 ? '1 Punkt' : `${count(n)} Punkte`),
  few: (n: number) => `Ein Datensatz braucht mindestens ${n} Punkte.`,
  full: (n: number) => `Es ist Platz für ${count(n)} Punkte.`,
  empty: 'Über die Ebene ziehen, um Punkte zu sprühen, oder mit einem eingebauten Satz beginnen.',
  save: 'Speichern…',
  saveAndTrain: 'Speichern und trainieren…',
  saved: (name: string) => `Gespeichert als ${name}.`,
  saving: 'Wird gespeichert…',
  loading: 'Die Punkte werden gelesen…',
  cancel: 'Abbrechen',
  failed: 'Das ging nicht',
  showLog: 'Protokoll zeigen',
  plane: 'Die Ebene',
  keys: 'Die Pfeiltasten bewegen den Pinsel, mit Umschalt in größeren Schritten. Die Leertaste sprüht oder radiert, Entf radiert, E wechselt das Werkzeug.',
  at: (x: string, y: string) => `Pinsel bei ${x}, ${y}`,
};
