/** Words that several parts of the page use, in English and in German. */
import { count, compact, bilingual, several, type Both } from './format/numbers';
import { timesText, type LayerInfo, type LayerKind } from '../../src/protocol/model';
import type { TensorRole } from '../../src/protocol/quantities';
import { inOrder, whatMoves, type LayerMoves } from '../../src/protocol/layer-moves';

const germanChannels = ['Kanal', 'Kanäle'] as const;

function moving(moves: LayerMoves): string {
  if (moves.of === 'pixels')
    return `Pixel mit ${moves.parity === 'odd' ? 'ungerader' : 'gerader'} Summe aus Zeile und Spalte bewegen sich`;
  if (moves.of === 'values') return `${moves.count} von ${moves.total} Werten bewegen sich`;
  const [one, many] = moves.of === 'channels' ? germanChannels : (['Merkmal', 'Merkmale'] as const);
  return `${whatMoves(moves, one, many)} ${moves.count === 1 ? 'bewegt' : 'bewegen'} sich`;
}

interface Sizes {
  shape: string;
  output: string;
  /** Of one pixel or row. */
  of: 'Kanäle' | 'Merkmale';
}

const germanWords: Partial<Record<LayerKind, (sizes: Sizes, layer: LayerInfo) => string>> = {
  logit: ({ shape }, { assumed }) => `${shape}, Pixel zu Logits${assumed ? ' (angenommen)' : ''}`,
  pixels: ({ shape }) => `${shape}, Pixel auf einen Bereich der Länge 1`,
  standardize: ({ shape }, { mapped = [] }) =>
    `${[shape, ...mapped].join(', ')}, Mittelwert abgezogen, durch die Standardabweichung geteilt`,
  squeeze: ({ shape, output }) => `${shape} zu ${output} gefaltet`,
  factorOut: ({ shape, output }) => `${output} von ${shape} gehen weiter, der Rest nach z`,
  permute: ({ shape, of }) => `${shape}, ${of} in anderer Reihenfolge`,
  conv1x1: ({ shape }) => `${shape}, gelernte Mischung der Kanäle jedes Pixels (1×1-Faltung)`,
  haar: ({ shape }) => `${shape}, Mittel und Differenzen von 2×2 Pixeln (Haar-Wavelets)`,
  flatten: ({ shape }, { outputShape }) => `${shape} als ein Pixel mit ${outputShape.at(-1)} Kanälen`,
  prior: ({ shape }) => `${shape}, gelernter Mittelwert und gelernte Abweichung der Latenten`,
  batchNorm: ({ shape }) => `${shape}, Batch-Norm mit Verstärkung und Versatz`,
  autoregressive: ({ shape }, layer) => {
    const { forward, inverse } = layer.networkPasses ?? {};
    const cost = layer.networkPasses ? `; Durchläufe: ${forward} nach z, ${inverse} nach x` : '';
    return `${shape}, jedes Merkmal gegeben die vor ihm${inOrder(layer)}${cost}`;
  },
  lu: ({ shape }) => `${shape}, gelernte Mischung aller Merkmale (LU)`,
  plu: ({ shape }) => `${shape}, gelernte Mischung aller Merkmale (LU mit Permutation)`,
  qr: ({ shape }) => `${shape}, gelernte Mischung aller Merkmale (QR)`,
  svd: ({ shape }) => `${shape}, gelernte Mischung aller Merkmale (SVD)`,
  householder: ({ shape }) => `${shape}, gelernte Drehung aller Merkmale (Spiegelungen)`,
  orthogonal: ({ shape }) => `${shape}, gelernte Drehung aller Merkmale (Matrixexponential)`,
  linear: ({ shape }) => `${shape}, dieselbe lineare Mischung für jedes Beispiel`,
  slice: (_, { times, networkPasses }) =>
    `${timesText(times!)}, ${networkPasses!.forward} Durchläufe des Netzes in jeder Richtung`,
  elementwise: ({ shape }) => `${shape}, jeder Wert durch eine eigene Funktion, für jedes Beispiel dieselbe`,
  rescale: ({ shape }) => `${shape}, feste Skalierung und Verschiebung jedes Merkmals`,
  actNorm: ({ shape, of }) =>
    `${shape}, gelernte Verschiebung und Skalierung jedes ${of === 'Kanäle' ? 'Kanals' : 'Merkmals'}`,
};

/** What the engine says of a layer, in German. */
export function germanDescription(layer: LayerInfo): string {
  const { kind, moves, hasNorm, curved, inputShape, outputShape } = layer;
  const shape =
    inputShape.length === 1 ? several(inputShape[0]!, 'Merkmal', 'Merkmale') : inputShape.join('×');
  if (moves)
    return `${moves.of === 'features' ? '' : `${shape}, `}${moving(moves)}${hasNorm ? ', dann Batch-Norm' : ''}${curved ? ', je durch eine Kurve' : ''}`;
  if (layer.slice) return `${shape}, ein Abschnitt der Zeit, ${count(layer.slice.runs)} Läufe des Netzes`;
  const of = inputShape.length === 3 ? 'Kanäle' : 'Merkmale';
  return germanWords[kind]?.({ shape, output: outputShape.join('×'), of }, layer) ?? layer.description;
}

/** Names of layers that fit a row. */
const shortNames: Partial<Record<LayerKind, Both>> = {
  standardize: ['z-score', 'z-Wert'],
  autoregressive: ['autoreg.', 'autoregr.'],
  conv1x1: ['1×1 conv.', '1×1-Mix'],
  haar: ['Haar', 'Wavelets'],
  prior: ['prior', 'Prior'],
  plu: ['PLU mixing', 'PLU-Mix'],
  householder: ['rotation', 'drehen'],
  rescale: ['rescale', 'skalieren'],
  elementwise: ['elementw.', 'elementw. f(x)'],
};

export const words = bilingual({
  across: ['Feature across', 'Merkmal nach rechts'],
  up: ['Feature up', 'Merkmal nach oben'],
  acrossUp: ['across, up', 'rechts, oben'],
  example: ['Example', 'Beispiel'],
  more: ['More', 'Mehr'],
  typed: ['Typed values', 'Eingegebene Werte'],
  folderOfImages: ['Folder of images…', 'Ordner mit Bildern…'],
  aSample: ['A sample', 'Ein Sample'],
  anInterpolation: ['Interpolated', 'Interpoliert'],
  aReconstruction: ['Reconstructed', 'Rekonstruiert'],
  step: ['Step', 'Schritt'],
  thisExample: ['this example', 'dieses Beispiel'],
  flow: 'Flow',
  layer: ['Layer', 'Schicht'],
  meansOf: (block: number) => [
    `drawn from means of ${block}×${block}`,
    `gezeichnet aus Mittelwerten von ${block}×${block}`,
  ],
  run: ['Run', 'Lauf'],
  diagnostics: ['Diagnostics', 'Diagnose'],
  this: ['this', 'dieses'],
  logPZ: 'log p(z)',
  logPX: 'log p(x)',
  levels: (n: number) => [`${n} levels`, `${n} Stufen`],
  preprocessing: ['preprocessing', 'Vorverarbeitung'],
  mapped: ['maps, z-score', 'Abb., z-Wert'],
  recordedBatch: ['recorded batch', 'aufgezeichneter Batch'],
  couplingsPart: ['couplings', 'Kopplungen'],
  layersPart: ['layers', 'Schichten'],
  layerAxis: ['layer', 'Schicht'],
  couplingAxis: ['coupling', 'Kopplung'],
  firstNonFinite: (name: string) => [
    `First non-finite value: ${name}`,
    `Erster nicht endlicher Wert: ${name}`,
  ],
  noValues: [
    'No examples to compare with. Choose samples as the statistics.',
    'Keine Beispiele zum Vergleich. Samples als Statistik wählen.',
  ],
  noMetricsWhy: [
    'They appear when the first validation is done.',
    'Sie erscheinen nach der ersten Validierung.',
  ],
  best: ['best', 'bester'],
  stepAxis: ['step', 'Schritt'],
  seconds: (s: number) => [`${s.toFixed(0)} s of training`, `${s.toFixed(0)} s Training`],
  samples: 'Samples',
  density: ['Density', 'Dichte'],
  examples: ['Examples', 'Beispiele'],
  temperature: ['Temperature', 'Temperatur'],
  seed: 'Seed',
  useAsExample: ['Use as example', 'Als Beispiel nehmen'],
  previousPage: ['Previous page', 'Vorige Seite'],
  nextPage: ['Next page', 'Nächste Seite'],
  theExample: ['the example', 'das Beispiel'],
  noSubject: ['No example is selected', 'Kein Beispiel ist ausgewählt'],
  noSubjectWhy: [
    'Select one in the bar at the top, or take a sample.',
    'Oben in der Leiste eines auswählen, oder ein Sample nehmen.',
  ],
  anEdited: ['Changed latents', 'Geänderte Latente'],
  coupling: (n: number) => [`Coupling ${n}`, `Kopplung ${n}`],
  marks: {
    ok: ['passed', 'bestanden'],
    notice: ['look at this', 'ansehen'],
    error: ['fault', 'Fehler'],
    unknown: ['not known', 'unbekannt'],
  },
  roles: {
    input: ['input', 'Eingabe'],
    logScale: ['log scale', 'log. Skalierung'],
    shift: ['shift', 'Verschiebung'],
    output: ['output', 'Ausgabe'],
    latent: ['latents', 'latente Werte'],
  } satisfies Record<TensorRole, Both>,
  min: 'min',
  mean: ['mean', 'Mittel'],
  sum: ['sum', 'Summe'],
  max: 'max',
  nanInf: 'NaN, Inf',
  nonFiniteOf: (bad: number, n: number) => [
    `${bad === 0 ? 'No' : count(bad)} NaN or Inf in ${count(n)} values`,
    `${bad === 0 ? 'Kein' : count(bad)} NaN oder Inf in ${count(n)} Werten`,
  ],
  of: (n: number) => [`of ${count(n)}`, `von ${count(n)}`],
  logDetThis: ['log-det, this example', 'log-det, dieses Beispiel'],
  logDetFirst: ['log-det, first of the batch', 'log-det, erstes des Batches'],
  couplingSum: ['coupling Σ s', 'Kopplung Σ s'],
  passesUnchanged: ['passes unchanged', 'geht unverändert durch'],
  featureCount: (n: number) => [several(n, 'feature', 'features'), several(n, 'Merkmal', 'Merkmale')],
  features: ['features', 'Merkmale'],
  partOf: (things: string, from: number, to: number, n: number) => [
    `${things} ${from}–${to} of ${n}`,
    `${things} ${from}–${to} von ${n}`,
  ],
  valuesNotShown: (n: number) => [
    `${count(n)} values are too many to draw; statistics are of all of them.`,
    `${count(n)} Werte sind zu viele zum Zeichnen; die Statistik gilt für alle.`,
  ],
  firstOfBatch: [
    'No example is chosen: the first of the batch is shown.',
    'Kein Beispiel gewählt: Gezeigt wird das erste des Batches.',
  ],
  feature: ['feature', 'Merkmal'],
  cellHint: ['Point at a cell or use the arrow keys', 'Zeigen oder Pfeiltasten benutzen'],
  channel: ['channel', 'Kanal'],
  channels: ['channels', 'Kanäle'],
  maskInImageNote: [
    'carried back through squeezes and factor-outs',
    'zurückgeführt durch Squeezes und Ausfaktorisierungen',
  ],
  name: ['name', 'Name'],
  shape: ['shape', 'Form'],
  count: ['count', 'Anzahl'],
  std: ['std', 'Std.'],
  distribution: ['distribution', 'Verteilung'],
  layerDescription: (layer: LayerInfo) => [layer.description, germanDescription(layer)],
  beyondRange: (beyond: number, full: number) => [
    `${count(beyond)} beyond, up to ±${compact(full)}`,
    `${count(beyond)} darüber, bis ±${compact(full)}`,
  ],
  pause: ['Pause', 'Anhalten'],
  samplesNote: (n: number, t: string, seed: number) => [
    `${count(n)}, temperature ${t}, seed ${seed}`,
    `${count(n)}, Temperatur ${t}, Seed ${seed}`,
  ],
  notScored: (name: string) => [`${name} was not scored`, `${name} wurde nicht bewertet`],
  validation: ['validation', 'Validierung'],
  logAxisShort: 'log',
  timeAxis: ['seconds of training', 'Sekunden Training'],
  readoutStep: (step: number) => [`step ${count(step)}`, `Schritt ${count(step)}`],
  curvesHint: [
    'Arrow keys move the readout along the curve, Home and End to its ends',
    'Pfeiltasten bewegen die Ablesung auf der Kurve, Pos1 und Ende an ihre Enden',
  ],
  loading: ['Computing…', 'Wird berechnet…'],
  searching: (n: number) => [
    `The file has no inverse: ${count(n)} points are searched for numerically.`,
    `Die Datei hat keine Umkehrung: ${count(n)} Punkte werden numerisch gesucht.`,
  ],
  cancel: ['Cancel', 'Abbrechen'],
  start: ['Run', 'Starten'],
  again: ['Run again', 'Noch einmal'],
  notRunBefore: [
    'It was not run before this page was saved.',
    'Vor dem Speichern dieser Seite wurde sie nicht berechnet.',
  ],
  progress: (done: string, total: string, unit: string) => [
    `${done} of ${total} ${unit}`,
    `${done} von ${total} ${unit}`,
  ],
  shownOf: (progress: string) => [
    `Canceled: what is shown is of ${progress}.`,
    `Abgebrochen: gezeigt sind ${progress}.`,
  ],
  cancelled: ['Canceled', 'Abgebrochen'],
  cancelledWhy: ['Nothing was computed for this selection.', 'Für diese Auswahl wurde nichts berechnet.'],
  retry: ['Retry', 'Erneut versuchen'],
  showLog: ['Show log', 'Protokoll zeigen'],
  failed: ['This could not be shown', 'Dies konnte nicht gezeigt werden'],
  notRecorded: [
    'The saved page does not hold this answer. Open the model in Flowscope to see it.',
    'Die gespeicherte Seite enthält diese Antwort nicht. Flowscope zeigt sie am Modell selbst.',
  ],
  notRecordedTitle: ['Not in this saved page', 'Nicht in dieser gespeicherten Seite'],
  withdrawn: ['The question was withdrawn.', 'Die Frage wurde zurückgezogen.'],
  weightsChanged: [
    'The weights have changed since the recording, so that the flow was not asked. Record again.',
    'Die Gewichte haben sich seit der Aufnahme geändert; der Flow wurde nicht gefragt. Neu aufnehmen.',
  ],
  notInRecording: ['Not in this recording', 'Nicht in dieser Aufzeichnung'],
  largeJacobian: [
    'Jacobians are recorded of layers of few values.',
    'Jacobi-Matrizen werden von Schichten mit wenigen Werten aufgezeichnet.',
  ],
  number: '#',
  mask: ['mask', 'Maske'],
  logDetNats: ['log-det, nats', 'log-det, Nats'],
  logDet: ['log-det', 'Log-Det'],
  roundTrip: ['round trip', 'hin/zurück'],
  positiveRaises: ['positive raises log p(x)', 'positiv erhöht log p(x)'],
  scale: (n: number) => [`Scale ${n}`, `Skala ${n}`],
  norm: ['batch norm', 'Batch-Norm'],
  actNorm: ['act norm', 'Act-Norm'],
  nats: ['nats', 'Nats'],
  bitsPerDim: ['bits/dim', 'Bits/Dim'],
  kindNames: {
    logit: 'Logit',
    pixels: ['Pixels', 'Pixel'],
    standardize: ['Standardize', 'Standardisierung'],
    checkerboard: ['Checkerboard', 'Schachbrett'],
    channelwise: ['Channel-wise', 'Kanalweise'],
    vector: ['Vector', 'Vektor'],
    squeeze: 'Squeeze',
    factorOut: ['Factor out', 'Ausfaktorisieren'],
    batchNorm: ['Batch norm', 'Batch-Norm'],
    actNorm: ['Act norm', 'Act-Norm'],
    unknown: ['Not understood', 'Nicht verstanden'],
    recorded: ['Layer', 'Schicht'],
    permute: ['Permute', 'Permutation'],
    autoregressive: ['Autoregressive', 'Autoregressiv'],
    slice: ['Time slice', 'Zeitabschnitt'],
    lu: ['LU mixing', 'LU-Mischung'],
    conv1x1: ['1×1 convolution', '1×1-Faltung'],
    haar: ['Haar wavelets', 'Haar-Wavelets'],
    flatten: ['Flatten', 'Auffalten'],
    prior: ['Learned prior', 'Gelernter Prior'],
    plu: ['Permuted LU mixing', 'LU-Mischung mit Permutation'],
    householder: ['Householder rotation', 'Householder-Drehung'],
    qr: ['QR mixing', 'QR-Mischung'],
    svd: ['SVD mixing', 'SVD-Mischung'],
    orthogonal: ['Rotation', 'Drehung'],
    rescale: ['Rescale', 'Umskalieren'],
    linear: ['Linear mixing', 'Lineare Mischung'],
    elementwise: ['Elementwise', 'Elementweise'],
  } satisfies Record<LayerKind, Both>,
  shortNames,
  pixelsOf: { even: ['even pixels', 'gerade Pixel'], odd: ['odd pixels', 'ungerade Pixel'] },
  channelsOf: [['channel', 'channels'], germanChannels],
  squeezeTo: (shape: string) => [`squeeze to ${shape}`, `Squeeze auf ${shape}`],
  factorOutOf: (rest: string) => [`factor out, ${rest} left`, `ausfaktorisieren, ${rest} geht weiter`],
  /** A layer's title within a sentence; "LU mixing" stays as it is. */
  inSentence: (title: string) => [
    /^.[A-Z]/.test(title) ? title : title[0]!.toLowerCase() + title.slice(1),
    title,
  ],
});
