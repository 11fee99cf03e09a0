/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Matrix', 'Mischmatrix'],
  noMatrix: ['This layer is not one matrix', 'Diese Schicht ist keine Matrix'],
  noMatrixWhy: [
    'Choose a mixing layer or a permutation: y = W·x + b, the same for every example.',
    'Wähle eine mischende Schicht oder eine Permutation: y = W·x + b, für jedes Beispiel gleich.',
  ],
  tooLarge: ['This matrix is too large to show', 'Diese Matrix ist zu groß, um sie zu zeigen'],
  tooLargeWhy: (n: number, most: number) => [
    `It is ${n}×${n}; at most ${most}×${most} is drawn.`,
    `Sie ist ${n}×${n}; gezeichnet wird bis ${most}×${most}.`,
  ],
  reorders: [
    'It only moves values to other places: no volume changes, and nothing is mixed.',
    'Sie setzt Werte nur an andere Plätze: Kein Volumen ändert sich, und nichts wird gemischt.',
  ],
  orthogonal: (distance: string) => [
    `Orthogonal up to ${distance}: it turns and reflects, and changes no length and no volume.`,
    `Orthogonal bis auf ${distance}: Sie dreht und spiegelt und ändert keine Länge und kein Volumen.`,
  ],
  stretches: (high: string, low: string, condition: string) => [
    `It stretches by up to ${high} and, along another direction, by ${low}: condition number ${condition}.`,
    `Sie streckt um bis zu ${high} und in einer anderen Richtung um ${low}: Konditionszahl ${condition}.`,
  ],
  digits: (digits: string) => [
    ` The inverse loses ${digits} of the 7 digits of float32.`,
    ` Die Umkehrung verliert ${digits} der 7 Stellen von float32.`,
  ],
  singular: [
    'The matrix is singular: there is no way back through this layer.',
    'Die Matrix ist singulär: Durch diese Schicht führt kein Weg zurück.',
  ],
  rows: ['row: output, column: input', 'Zeile: Ausgabe, Spalte: Eingabe'],
  from: ['of', 'von'],
  singularValues: ['Singular values', 'Singulärwerte'],
  logAxis: ['log axis; 1 keeps lengths', 'logarithmisch; 1 erhält Längen'],
  gram: ['WᵀW − I', 'WᵀW − 1'],
  gramNote: ['blank where it is orthogonal', 'leer, wo sie orthogonal ist'],
  numbers: ['Numbers', 'Zahlen'],
  logDet: ['log|det|', 'ln |det|'],
  perPlace: ['log|det| at one pixel', 'ln |det| bei einem Pixel'],
  allPlaces: (n: number) => [`× ${n} pixels`, `mal ${n} Pixel`],
  condition: ['condition number', 'Konditionszahl'],
  distance: ['‖WᵀW − I‖ / √n', '‖WᵀW − 1‖ / √n'],
  layers: ['All mixing layers of this size', 'Alle mischenden Schichten dieser Größe'],
  short: ['orth.', 'Abst.'],
  travel: ['How far each feature travels', 'Wie weit jedes Merkmal wandert'],
  travelChannels: ['How far each channel travels', 'Wie weit jeder Kanal wandert'],
  travelNote: [
    'its share in each place, through the mixing layers alone',
    'sein Anteil an jedem Platz, durch die mischenden Schichten allein',
  ],
  spreadNote: [
    'over how many places it is spread, through the mixing layers alone',
    'über wie viele Plätze es verteilt ist, durch die mischenden Schichten allein',
  ],
  over: (spread: string, n: number) => [`over ${spread} of ${n}`, `über ${spread} von ${n}`],
  ends: (most: string, high: string, n: number, least: string, low: string) => [
    `At the end ${most} is spread most, over ${high} of ${n} places; ${least} least, over ${low}.`,
    `Am Ende ist ${most} am weitesten verteilt, über ${high} von ${n} Plätzen; ${least} am wenigsten, über ${low}.`,
  ],
  stays: (n: number) => [
    `Each of the ${n} stays in one place from layer to layer: nothing is mixed.`,
    `Jedes der ${n} bleibt von Schicht zu Schicht an einem einzigen Platz: Nichts wird gemischt.`,
  ],
  in: ['in', 'ein'],
  wayOf: (name: string) => [`Where ${name} is`, `Wo ${name} ist`],
  chooseOne: [
    'Point or use the arrow keys; click to follow a row',
    'Zeigen oder Pfeiltasten; ein Klick folgt der Zeile',
  ],
  places: ['places', 'Plätze'],
  share: ['share', 'Anteil'],
  spreadRead: (name: string, stage: string, spread: string) => [
    `${name} ${stage}: over ${spread} places`,
    `${name} ${stage}: über ${spread} Plätze`,
  ],
  shareRead: (place: string, stage: string, share: string) => [
    `place ${place} ${stage}: ${share}`,
    `Platz ${place} ${stage}: ${share}`,
  ],
  afterLayer: (layer: number) => [`after layer ${layer}`, `nach Schicht ${layer}`],
  before: ['at first', 'zu Beginn'],
});
