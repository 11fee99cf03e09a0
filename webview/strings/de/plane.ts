/** Texts of two-dimensional flows. */
import { count } from '../../base/format/numbers';
import type { plane as english } from '../en/plane';

export const plane: typeof english = {
  dataSpace: 'Datenraum, x',
  latentSpace: 'Latenter Raum, z',
  afterLayer: (name: string) => `Nach ${name}`,
  planeNote: (done: number, all: number) =>
    `${done} von ${all} Schichten auf die Punkte angewandt, ${all - done} am Gitter zurückgenommen`,
  behind: 'Hintergrund',
  behindGrid: 'Gitter',
  behindDensity: 'Dichte',
  cellAreaNote: 'Logarithmus der Zellfläche gegen die flache Zelle von z, Nats',
  cellsDivided: 'geteilt',
  dividing: 'Grobe Zellen werden geteilt…',
  stillFolded: (n: number) => `${count(n)} ${n === 1 ? 'Teil ist' : 'Teile sind'} zu dünn zum Zeichnen.`,
  densityAt: (letter: string) => `p(${letter}) = p(z) · |det ∂z/∂${letter}|, je Flächeneinheit dieser Ebene`,
  densityRange: 'Jede Stufe hat ihren eigenen Bereich: ihre Flächeneinheit ist eine andere.',
  densityUnknown: (n: number, all: number) =>
    `${count(n)} von ${count(all)} Zellen sind leer: Es fand sich kein Punkt der Daten, der dorthin führt.`,
  play: 'Durch die Schichten abspielen',
  pause: 'Anhalten',
  pace: 'Tempo',
  times: (factor: number) => (factor === 0.5 ? '½×' : `${factor}×`),
  planeHint:
    'Die Pfeiltasten bewegen den verfolgten Punkt, mit Umschalt in größeren Schritten. Bild auf und Bild ab gehen durch die Schichten, die Leertaste spielt ab, Escape führt zum gewählten Beispiel zurück.',
  planeHintSaved: 'Bild auf und Bild ab gehen durch die Schichten, die Leertaste spielt ab.',
  probe: 'Weg',
  probeSelected: 'das gewählte Beispiel',
  probePoint: 'ein Punkt der Ebene',
  probeExample: (source: string, index: number) => `${source} ${index}`,
  probeNone:
    'In die Ebene klicken oder ein Beispiel wählen: Sein Weg durch die Schichten wird gezeichnet und hier aufgelistet.',
  probeSaved: 'Eine gespeicherte Seite hat die Wege ihrer Beispiele.',
  pathTable: 'Der Weg, Schicht für Schicht',
  pathAfter: 'nach',
  pathLogDet: 'Log-Det',
  pathSum: 'Summe',
  pathPrior: 'ln N(z; 0, 1), Nats',
  pathTotal: 'ln p(x), Nats',
  smallest: 'kleinste',
  median: 'Median',
  largest: 'größte',
  planeReading:
    'Violette Zellen sind gestaucht: derselbe Anteil von z auf weniger Fläche, also höhere Dichte.',
  walk: 'Angewandte Schichten',
  density: 'Dichte',
  densityNote: 'p(x)',
  samplesNote: (n: number, t: string, seed: number) => `${count(n)}, Temperatur ${t}, Seed ${seed}`,
};
