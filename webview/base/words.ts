/** Words that several parts of the page use, in English and in German. */
import { count, compact } from './format/numbers';
import type { LayerInfo, LayerKind } from '../../src/protocol/model';
import type { TensorRole } from '../../src/protocol/quantities';
import { inOrder, whatMoves, type LayerMoves } from '../../src/protocol/layer-moves';
import { inLanguage } from './format/language';

export const english = {
  across: 'Feature across',
  up: 'Feature up',
  acrossUp: 'across, up',
  example: 'Example',
  more: 'More',
  typed: 'Typed values',
  folderOfImages: 'Folder of images…',
  aSample: 'A sample',
  anInterpolation: 'Interpolated',
  aReconstruction: 'Reconstructed',
  step: 'Step',
  thisExample: 'this example',
  flow: 'Flow',
  layer: 'Layer',
  meansOf: (block: number) => `drawn from means of ${block}×${block}`,
  run: 'Run',
  diagnostics: 'Diagnostics',
  this: 'this',
  logPZ: 'log p(z)',
  logPX: 'log p(x)',
  levels: (n: number) => `${n} levels`,
  preprocessing: 'preprocessing',
  recordedBatch: 'recorded batch',
  couplingsPart: 'couplings',
  layersPart: 'layers',
  layerAxis: 'layer',
  couplingAxis: 'coupling',
  firstNonFinite: (name: string) => `First non-finite value: ${name}`,
  noValues: 'No examples to compare with. Choose samples as the statistics.',
  noMetricsWhy: 'They appear when the first validation is done.',
  best: 'best',
  stepAxis: 'step',
  seconds: (s: number) => `${s.toFixed(0)} s of training`,
  samples: 'Samples',
  density: 'Density',
  examples: 'Examples',
  temperature: 'Temperature',
  seed: 'Seed',
  useAsExample: 'Use as example',
  previousPage: 'Previous page',
  nextPage: 'Next page',
  theExample: 'the example',
  noSubject: 'No example is selected',
  noSubjectWhy: 'Select one in the bar at the top, or take a sample.',
  anEdited: 'Changed latents',
  coupling: (n: number) => `Coupling ${n}`,
  marks: { ok: 'passed', notice: 'look at this', error: 'fault', unknown: 'not known' },
  roles: {
    input: 'input',
    logScale: 'log scale',
    shift: 'shift',
    output: 'output',
    latent: 'latents',
  } satisfies Record<TensorRole, string>,
  min: 'min',
  mean: 'mean',
  sum: 'sum',
  max: 'max',
  nanInf: 'NaN, Inf',
  nonFiniteOf: (bad: number, n: number) =>
    `${bad === 0 ? 'No' : count(bad)} NaN or Inf in ${count(n)} values`,
  of: (n: number) => `of ${count(n)}`,
  logDetThis: 'log-det, this example',
  logDetFirst: 'log-det, first of the batch',
  couplingSum: 'coupling Σ s',
  passesUnchanged: 'passes unchanged',
  featureCount: (n: number) => (n === 1 ? '1 feature' : `${count(n)} features`),
  featuresShown: (from: number, to: number, n: number) => `features ${from}–${to} of ${n}`,
  valuesNotShown: (n: number) => `${count(n)} values are too many to draw; statistics are of all of them.`,
  firstOfBatch: 'No example is chosen: the first of the batch is shown.',
  feature: 'feature',
  cellHint: 'Point at a cell or use the arrow keys',
  channel: 'channel',
  channelsShown: (from: number, to: number, n: number) => `channels ${from}–${to} of ${n}`,
  maskInImageNote: 'carried back through squeezes and factor-outs',
  name: 'name',
  shape: 'shape',
  count: 'count',
  std: 'std',
  distribution: 'distribution',
  /** The engine says it in English. */
  layerDescription: (layer: LayerInfo): string => layer.description,
  beyondRange: (beyond: number, full: number) => `${count(beyond)} beyond, up to ±${compact(full)}`,
  pause: 'Pause',
  samplesNote: (n: number, t: string, seed: number) => `${count(n)}, temperature ${t}, seed ${seed}`,
  notScored: (name: string) => `${name} was not scored`,
  validation: 'validation',
  logAxisShort: 'log',
  timeAxis: 'seconds of training',
  readoutStep: (step: number) => `step ${count(step)}`,
  curvesHint: 'Arrow keys move the readout along the curve, Home and End to its ends',
  loading: 'Computing…',
  searching: (n: number) => `The file has no inverse: ${count(n)} points are searched for numerically.`,
  cancel: 'Cancel',
  start: 'Run',
  again: 'Run again',
  notRunBefore: 'It was not run before this page was saved.',
  progress: (done: string, total: string, unit: string) => `${done} of ${total} ${unit}`,
  shownOf: (progress: string) => `Canceled: what is shown is of ${progress}.`,
  cancelled: 'Canceled',
  cancelledWhy: 'Nothing was computed for this selection.',
  retry: 'Retry',
  showLog: 'Show log',
  failed: 'This could not be shown',
  notRecorded: 'The saved page does not hold this answer. Open the model in Flowscope to see it.',
  notRecordedTitle: 'Not in this saved page',
  withdrawn: 'The question was withdrawn.',
  weightsChanged:
    'The weights have changed since the recording, so that the flow was not asked. Record again.',
  notInRecording: 'Not in this recording',
  largeJacobian: 'Jacobians are recorded of layers of few values.',
  number: '#',
  mask: 'mask',
  logDetNats: 'log-det, nats',
  logDet: 'log-det',
  roundTrip: 'round trip',
  positiveRaises: 'positive raises log p(x)',
  scale: (n: number) => `Scale ${n}`,
  norm: 'batch norm',
  actNorm: 'act norm',
  nats: 'nats',
  bitsPerDim: 'bits/dim',
  kindNames: {
    logit: 'Logit',
    pixels: 'Pixels',
    standardize: 'Standardize',
    checkerboard: 'Checkerboard',
    channelwise: 'Channel-wise',
    vector: 'Vector',
    squeeze: 'Squeeze',
    factorOut: 'Factor out',
    batchNorm: 'Batch norm',
    actNorm: 'Act norm',
    unknown: 'Not understood',
    recorded: 'Layer',
    permute: 'Permute',
    autoregressive: 'Autoregressive',
    lu: 'LU mixing',
    conv1x1: '1×1 convolution',
    haar: 'Haar wavelets',
    flatten: 'Flatten',
    prior: 'Learned prior',
    plu: 'Permuted LU mixing',
    householder: 'Householder rotation',
    qr: 'QR mixing',
    svd: 'SVD mixing',
    orthogonal: 'Rotation',
    rescale: 'Rescale',
    linear: 'Linear mixing',
    elementwise: 'Elementwise',
  } satisfies Record<LayerKind, string>,
  /** Names of layers that fit a row. */
  shortNames: {
    standardize: 'z-score',
    autoregressive: 'autoreg.',
    conv1x1: '1×1 conv.',
    haar: 'Haar',
    prior: 'prior',
    plu: 'PLU mixing',
    householder: 'rotation',
    rescale: 'rescale',
    elementwise: 'elementw.',
  } as Partial<Record<LayerKind, string>>,
  pixelsOf: { even: 'even pixels', odd: 'odd pixels' },
  channelsOf: ['channel', 'channels'] as [one: string, many: string],
  squeezeTo: (shape: string) => `squeeze to ${shape}`,
  factorOutOf: (rest: string) => `factor out, ${rest} left`,
  /** A layer's title within a sentence. */
  // Not of "LU mixing".
  inSentence: (title: string) => (/^.[A-Z]/.test(title) ? title : title[0]!.toLowerCase() + title.slice(1)),
};

function moving(moves: LayerMoves): string {
  if (moves.of === 'pixels')
    return `Pixel mit ${moves.parity === 'odd' ? 'ungerader' : 'gerader'} Summe aus Zeile und Spalte bewegen sich`;
  if (moves.of === 'values') return `${moves.count} von ${moves.total} Werten bewegen sich`;
  const [one, many] = moves.of === 'channels' ? german.channelsOf : (['Merkmal', 'Merkmale'] as const);
  return `${whatMoves(moves, one, many)} ${moves.count === 1 ? 'bewegt' : 'bewegen'} sich`;
}

function described(layer: LayerInfo): string {
  const { kind, moves, hasNorm, mapped, assumed, networkPasses, curved } = layer;
  const isImage = layer.inputShape.length === 3;
  const [size] = layer.inputShape;
  const shape = layer.inputShape.length === 1 ? german.featureCount(size!) : layer.inputShape.join('×');
  const output = layer.outputShape.join('×');
  if (moves)
    return `${moves.of === 'features' ? '' : `${shape}, `}${moving(moves)}${hasNorm ? ', dann Batch-Norm' : ''}${curved ? ', je durch eine Kurve' : ''}`;
  switch (kind) {
    case 'logit':
      return `${shape}, Pixel zu Logits${assumed ? ' (angenommen)' : ''}`;
    case 'pixels':
      return `${shape}, Pixel auf einen Bereich der Länge 1`;
    case 'standardize':
      return `${[shape, ...(mapped ?? [])].join(', ')}, Mittelwert abgezogen, durch die Standardabweichung geteilt`;
    case 'squeeze':
      return `${shape} zu ${output} gefaltet`;
    case 'factorOut':
      return `${output} von ${shape} gehen weiter, der Rest nach z`;
    case 'permute':
      return `${shape}, ${isImage ? 'Kanäle' : 'Merkmale'} in anderer Reihenfolge`;
    case 'conv1x1':
      return `${shape}, gelernte Mischung der Kanäle jedes Pixels (1×1-Faltung)`;
    case 'haar':
      return `${shape}, Mittel und Differenzen von 2×2 Pixeln (Haar-Wavelets)`;
    case 'flatten':
      return `${shape} als ein Pixel mit ${layer.outputShape.at(-1)} Kanälen`;
    case 'prior':
      return `${shape}, gelernter Mittelwert und gelernte Abweichung der Latenten`;
    case 'batchNorm':
      return `${shape}, Batch-Norm mit Verstärkung und Versatz`;
    case 'autoregressive':
      return (
        `${shape}, jedes Merkmal gegeben die vor ihm${inOrder(layer)}` +
        (networkPasses
          ? `; Durchläufe: ${networkPasses.forward} nach z, ${networkPasses.inverse} nach x`
          : '')
      );
    case 'lu':
      return `${shape}, gelernte Mischung aller Merkmale (LU)`;
    case 'plu':
      return `${shape}, gelernte Mischung aller Merkmale (LU mit Permutation)`;
    case 'qr':
      return `${shape}, gelernte Mischung aller Merkmale (QR)`;
    case 'svd':
      return `${shape}, gelernte Mischung aller Merkmale (SVD)`;
    case 'householder':
      return `${shape}, gelernte Drehung aller Merkmale (Spiegelungen)`;
    case 'orthogonal':
      return `${shape}, gelernte Drehung aller Merkmale (Matrixexponential)`;
    case 'linear':
      return `${shape}, dieselbe lineare Mischung für jedes Beispiel`;
    case 'elementwise':
      return `${shape}, jeder Wert durch eine eigene Funktion, für jedes Beispiel dieselbe`;
    case 'rescale':
      return `${shape}, feste Skalierung und Verschiebung jedes Merkmals`;
    case 'actNorm':
      return `${shape}, gelernte Verschiebung und Skalierung jedes ${isImage ? 'Kanals' : 'Merkmals'}`;
    default:
      return layer.description;
  }
}

export const german: typeof english = {
  across: 'Merkmal nach rechts',
  up: 'Merkmal nach oben',
  acrossUp: 'rechts, oben',
  example: 'Beispiel',
  more: 'Mehr',
  typed: 'Eingegebene Werte',
  folderOfImages: 'Ordner mit Bildern…',
  aSample: 'Ein Sample',
  anInterpolation: 'Interpoliert',
  aReconstruction: 'Rekonstruiert',
  step: 'Schritt',
  thisExample: 'dieses Beispiel',
  flow: 'Flow',
  layer: 'Schicht',
  meansOf: (block) => `gezeichnet aus Mittelwerten von ${block}×${block}`,
  run: 'Lauf',
  diagnostics: 'Diagnose',
  this: 'dieses',
  logPZ: 'log p(z)',
  logPX: 'log p(x)',
  levels: (n: number) => `${n} Stufen`,
  preprocessing: 'Vorverarbeitung',
  recordedBatch: 'aufgezeichneter Batch',
  couplingsPart: 'Kopplungen',
  layersPart: 'Schichten',
  layerAxis: 'Schicht',
  couplingAxis: 'Kopplung',
  firstNonFinite: (name: string) => `Erster nicht endlicher Wert: ${name}`,
  noValues: 'Keine Beispiele zum Vergleich. Samples als Statistik wählen.',
  noMetricsWhy: 'Sie erscheinen nach der ersten Validierung.',
  best: 'bester',
  stepAxis: 'Schritt',
  seconds: (s: number) => `${s.toFixed(0)} s Training`,
  samples: 'Samples',
  density: 'Dichte',
  examples: 'Beispiele',
  temperature: 'Temperatur',
  seed: 'Seed',
  useAsExample: 'Als Beispiel nehmen',
  previousPage: 'Vorige Seite',
  nextPage: 'Nächste Seite',
  theExample: 'das Beispiel',
  noSubject: 'Kein Beispiel ist ausgewählt',
  noSubjectWhy: 'Oben in der Leiste eines auswählen, oder ein Sample nehmen.',
  anEdited: 'Geänderte Latente',
  coupling: (n: number) => `Kopplung ${n}`,
  marks: { ok: 'bestanden', notice: 'ansehen', error: 'Fehler', unknown: 'unbekannt' },
  roles: {
    input: 'Eingabe',
    logScale: 'log. Skalierung',
    shift: 'Verschiebung',
    output: 'Ausgabe',
    latent: 'latente Werte',
  },
  min: 'min',
  mean: 'Mittel',
  sum: 'Summe',
  max: 'max',
  nanInf: 'NaN, Inf',
  nonFiniteOf: (bad, n) => `${bad === 0 ? 'Kein' : count(bad)} NaN oder Inf in ${count(n)} Werten`,
  of: (n: number) => `von ${count(n)}`,
  logDetThis: 'log-det, dieses Beispiel',
  logDetFirst: 'log-det, erstes des Batches',
  couplingSum: 'Kopplung Σ s',
  passesUnchanged: 'geht unverändert durch',
  featureCount: (n: number) => (n === 1 ? '1 Merkmal' : `${count(n)} Merkmale`),
  featuresShown: (from: number, to: number, n: number) => `Merkmale ${from}–${to} von ${n}`,
  valuesNotShown: (n: number) => `${count(n)} Werte sind zu viele zum Zeichnen; die Statistik gilt für alle.`,
  firstOfBatch: 'Kein Beispiel gewählt: Gezeigt wird das erste des Batches.',
  feature: 'Merkmal',
  cellHint: 'Zeigen oder Pfeiltasten benutzen',
  channel: 'Kanal',
  channelsShown: (from, to, n) => `Kanäle ${from}–${to} von ${n}`,
  maskInImageNote: 'zurückgeführt durch Squeezes und Ausfaktorisierungen',
  name: 'Name',
  shape: 'Form',
  count: 'Anzahl',
  std: 'Std.',
  distribution: 'Verteilung',
  layerDescription: described,
  beyondRange: (beyond, full) => `${count(beyond)} darüber, bis ±${compact(full)}`,
  pause: 'Anhalten',
  samplesNote: (n: number, t: string, seed: number) => `${count(n)}, Temperatur ${t}, Seed ${seed}`,
  notScored: (name) => `${name} wurde nicht bewertet`,
  validation: 'Validierung',
  logAxisShort: 'log',
  timeAxis: 'Sekunden Training',
  readoutStep: (step) => `Schritt ${count(step)}`,
  curvesHint: 'Pfeiltasten bewegen die Ablesung auf der Kurve, Pos1 und Ende an ihre Enden',
  loading: 'Wird berechnet…',
  searching: (n) => `Die Datei hat keine Umkehrung: ${count(n)} Punkte werden numerisch gesucht.`,
  cancel: 'Abbrechen',
  start: 'Starten',
  again: 'Noch einmal',
  notRunBefore: 'Vor dem Speichern dieser Seite wurde sie nicht berechnet.',
  progress: (done, total, unit) => `${done} von ${total} ${unit}`,
  shownOf: (progress) => `Abgebrochen: gezeigt sind ${progress}.`,
  cancelled: 'Abgebrochen',
  cancelledWhy: 'Für diese Auswahl wurde nichts berechnet.',
  retry: 'Erneut versuchen',
  showLog: 'Protokoll zeigen',
  failed: 'Dies konnte nicht gezeigt werden',
  notRecorded: 'Die gespeicherte Seite enthält diese Antwort nicht. Flowscope zeigt sie am Modell selbst.',
  notRecordedTitle: 'Nicht in dieser gespeicherten Seite',
  withdrawn: 'Die Frage wurde zurückgezogen.',
  weightsChanged:
    'Die Gewichte haben sich seit der Aufnahme geändert; der Flow wurde nicht gefragt. Neu aufnehmen.',
  notInRecording: 'Nicht in dieser Aufzeichnung',
  largeJacobian: 'Jacobi-Matrizen werden von Schichten mit wenigen Werten aufgezeichnet.',
  number: '#',
  mask: 'Maske',
  logDetNats: 'log-det, Nats',
  logDet: 'Log-Det',
  roundTrip: 'hin/zurück',
  positiveRaises: 'positiv erhöht log p(x)',
  scale: (n: number) => `Skala ${n}`,
  norm: 'Batch-Norm',
  actNorm: 'Act-Norm',
  nats: 'Nats',
  bitsPerDim: 'Bits/Dim',
  kindNames: {
    logit: 'Logit',
    pixels: 'Pixel',
    standardize: 'Standardisierung',
    checkerboard: 'Schachbrett',
    channelwise: 'Kanalweise',
    vector: 'Vektor',
    squeeze: 'Squeeze',
    factorOut: 'Ausfaktorisieren',
    batchNorm: 'Batch-Norm',
    actNorm: 'Act-Norm',
    unknown: 'Nicht verstanden',
    recorded: 'Schicht',
    permute: 'Permutation',
    autoregressive: 'Autoregressiv',
    lu: 'LU-Mischung',
    conv1x1: '1×1-Faltung',
    haar: 'Haar-Wavelets',
    flatten: 'Auffalten',
    prior: 'Gelernter Prior',
    plu: 'LU-Mischung mit Permutation',
    householder: 'Householder-Drehung',
    qr: 'QR-Mischung',
    svd: 'SVD-Mischung',
    orthogonal: 'Drehung',
    rescale: 'Umskalieren',
    linear: 'Lineare Mischung',
    elementwise: 'Elementweise',
  },
  shortNames: {
    standardize: 'z-Wert',
    autoregressive: 'autoregr.',
    conv1x1: '1×1-Mix',
    haar: 'Wavelets',
    prior: 'Prior',
    plu: 'PLU-Mix',
    householder: 'drehen',
    rescale: 'skalieren',
    elementwise: 'elementw. f(x)',
  },
  pixelsOf: { even: 'gerade Pixel', odd: 'ungerade Pixel' },
  channelsOf: ['Kanal', 'Kanäle'],
  squeezeTo: (shape: string) => `Squeeze auf ${shape}`,
  factorOutOf: (rest: string) => `ausfaktorisieren, ${rest} geht weiter`,
  inSentence: (title: string) => title,
};

export const words = inLanguage(english, german);
