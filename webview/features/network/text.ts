/** Texts of this feature, in English and in German. */
import { count, bilingual, type Both } from '../../base/format/numbers';

const axis: Record<string, Both> = {
  row: ['row', 'Zeile'],
  column: ['column', 'Spalte'],
  input: ['input', 'Eingang'],
  output: ['output', 'Ausgang'],
  other: ['index', 'Index'],
};

export const text = bilingual({
  featureMaps: ['Feature maps', 'Merkmalskarten'],
  featureMapsNote: [
    'computed on request, one stage of the network at a time',
    'werden auf Wunsch berechnet, eine Stelle des Netzes auf einmal',
  ],
  notInSavedPage: [
    'Of weights and feature maps a saved page holds the first page of each, for its first example, as far as there is room.',
    'Von Gewichten und Merkmalskarten enthält eine gespeicherte Seite die jeweils erste Seite, zu ihrem ersten Beispiel und soweit Platz ist.',
  ],
  stageInput: ['input convolution', 'Eingangsfaltung'],
  stageBlock: (n: number) => [`block ${n}`, `Block ${n}`],
  stageLayer: (n: number) => [`layer ${n}`, `Schicht ${n}`],
  stageFirst: ['first layer', 'erste Schicht'],
  units: ['units', 'Einheiten'],
  deadMaps: (dead: number, n: number) => [
    `${count(dead)} of ${count(n)} channels are the same everywhere`,
    `${count(dead)} von ${count(n)} Kanälen sind überall gleich`,
  ],
  deadUnits: (dead: number, n: number) => [
    `${count(dead)} of ${count(n)} units are 0 for this example`,
    `${count(dead)} von ${count(n)} Einheiten sind bei diesem Beispiel 0`,
  ],
  pointHint: [
    'Point at a cell, or use the arrow keys, to read its value',
    'Auf eine Zelle zeigen oder die Pfeiltasten benutzen, um ihren Wert zu lesen',
  ],
  unitName: ['unit', 'Einheit'],
  pictureOf: (name: string) => [`Show ${name} as a picture`, `${name} als Bild zeigen`],
  closePicture: ['Close the picture', 'Bild schließen'],
  axis,
  kernelGrid: [
    'Kernels: outputs downwards, inputs to the right',
    'Filterkerne: Ausgänge nach unten, Eingänge nach rechts',
  ],
  matrixMap: ['Inputs downwards, outputs to the right', 'Eingänge nach unten, Ausgänge nach rechts'],
  plainMap: ['Values as they are stored', 'Werte, wie sie gespeichert sind'],
  frobenius: ['Frobenius norm √Σw²', 'Frobeniusnorm √Σw²'],
  lengthOf: ['length ‖v‖ of each output’s kernel', 'Länge ‖v‖ des Kerns jedes Ausgangs'],
  lengthsOfWeight: ['length √Σw² of each output’s weights', 'Länge √Σw² der Gewichte jedes Ausgangs'],
  gain: ['gain g', 'Verstärkung g'],
  gainNote: [
    'w = g·v/‖v‖: the picture is of v, the gain is the kernel’s length in use',
    'w = g·v/‖v‖: das Bild zeigt v, die Verstärkung ist die Länge des Kerns im Gebrauch',
  ],
  firstOutputs: (shown: number, n: number) => [
    `the first ${count(shown)} of ${count(n)} outputs`,
    `die ersten ${count(shown)} von ${count(n)} Ausgängen`,
  ],
  outputChannel: ['output channel', 'Ausgangskanal'],
  batchNorms: ['Batch norms against the batch', 'Batch-Normalisierung gegen den Batch'],
  compareNorms: (n: number) => [
    `Compare with ${count(n)} examples`,
    `Mit ${count(n)} Beispielen vergleichen`,
  ],
  compareNormsNote: [
    'what arrives at each norm for the chosen batch, beside the running statistics',
    'was beim gewählten Batch an jeder Normalisierung ankommt, neben den laufenden Statistiken',
  ],
  normShift: ['largest shift of the mean', 'größte Verschiebung des Mittels'],
  normShiftUnit: ['running σ', 'laufende σ'],
  varianceRatio: ['variance, batch / running', 'Varianz, Batch / laufend'],
  listChannels: (name: string) => [`List the channels of ${name}`, `Kanäle von ${name} auflisten`],
  channelMeanRunning: ['mean, running', 'Mittel, laufend'],
  channelMeanBatch: ['mean, batch', 'Mittel, Batch'],
  channelStdRunning: ['σ, running', 'σ, laufend'],
  channelStdBatch: ['σ, batch', 'σ, Batch'],
  channelShift: ['shift / σ', 'Verschiebung / σ'],
  deadOverBatch: (n: number) => [
    `Channels with one value for all ${count(n)} examples`,
    `Kanäle mit einem Wert für alle ${count(n)} Beispiele`,
  ],
  noneDead: ['none', 'keine'],
  tab: ['Conditioner', 'Konditionierer'],
  parameters: ['Parameters', 'Parameter'],
  state: ['State', 'Zustand'],
  noParameters: ['This layer has no parameters', 'Diese Schicht hat keine Parameter'],
  noParametersWhy: [
    'It is a fixed rearrangement or transformation of its input.',
    'Sie ordnet ihre Eingabe um oder formt sie auf feste Weise um.',
  ],
});
