/** Texts of the frame of the page, in English and in German. */
import type { RecordingInfo, SolvedField } from '../../src/protocol/model';
import { count, percent, scientific, bilingual, several } from '../base/format/numbers';

export const text = bilingual({
  fill: ['Maximize these views', 'Diese Ansichten maximieren'],
  unfill: ['Restore the layer and the samples', 'Schicht und Samples wieder zeigen'],
  selection: ['Selection', 'Auswahl'],
  history: ['Earlier selections', 'Frühere Auswahl'],
  goBack: ['Back to the earlier selection (Alt+←)', 'Zurück zur früheren Auswahl (Alt+←)'],
  goForward: ['Forward again (Alt+→)', 'Wieder vorwärts (Alt+→)'],
  previousExample: ['Previous example (←)', 'Voriges Beispiel (←)'],
  nextExample: ['Next example (→)', 'Nächstes Beispiel (→)'],
  exampleSource: ['Where the example comes from', 'Woher das Beispiel kommt'],
  exampleIndex: ['Index of the example', 'Nummer des Beispiels'],
  exampleValues: ['Values of the example', 'Werte des Beispiels'],
  none: ['None', 'Keines'],
  condition: ['Condition: what the flow is given', 'Bedingung: was der Flow bekommt'],
  recordedCondition: ['Condition', 'Bedingung'],
  moreNumbers: (n: number) => [`and ${count(n)} more`, `und ${count(n)} weitere`],
  conditionNumber: (name: string) => [`Condition ${name}`, `Bedingung ${name}`],
  conditionImage: ([height, width, channels]: readonly [number, number, number]) => [
    `given an image of ${height}×${width}×${channels}: all zeros`,
    `gegeben ein Bild von ${height}×${width}×${channels}: nur Nullen`,
  ],
  conditionImageWhy: [
    'No image comes with these examples. Give your own with flowscope apply --condition.',
    'Zu diesen Beispielen gehört kein Bild. Eigene gibt man mit flowscope apply --condition.',
  ],
  class: ['Class', 'Klasse'],
  noClass: ['none', 'keine'],
  exampleCondition: ['Example’s own', 'Die des Beispiels'],
  meanCondition: ['Mean', 'Mittel'],
  chosenCondition: ['Chosen', 'Gewählt'],
  statistics: ['Statistics', 'Statistik'],
  batchOf: (n: number, split: string) => [`${count(n)} of ${split}`, `${count(n)} aus ${split}`],
  batchOfSamples: (n: number) => [`${count(n)} samples`, `${count(n)} Samples`],
  batchNorm: ['Batch norm', 'Batch-Norm'],
  evalMode: 'eval',
  trainMode: 'train',
  failed: (message: string) => [`Training failed. ${message}`, `Training gescheitert. ${message}`],
  failedAt: (step: number, where: string) => [
    `Training failed at step ${count(step)}: ${where}.`,
    `Training bei Schritt ${count(step)} gescheitert: ${where}.`,
  ],
  tryNext: (rate: string, clip: string, nextRate: string, nextClip: string) => [
    `Learning rate ${rate}, clip ${clip}. Try rate ${nextRate}, clip ${nextClip}.`,
    `Lernrate ${rate}, Begrenzung ${clip}. Versuch: Lernrate ${nextRate}, Begrenzung ${nextClip}.`,
  ],
  trainAgain: ['Train again with these', 'Damit neu trainieren'],
  verdict: ['Verdict', 'Urteil'],
  losses: {
    validation: ['validation −log p', 'Validierung −log p'],
    train: ['training −log p', 'Training −log p'],
    recorded: ['recorded −log p', 'aufgezeichnet −log p'],
  },
  meanOf: (n: number, total: number) => [
    `Mean of ${count(n)} of ${count(total)} examples ± its standard error`,
    `Mittel von ${count(n)} aus ${count(total)} Beispielen ± Standardfehler`,
  ],
  bound: ['bound', 'Schranke'],
  boundOfIntegers: [
    'Integers have noise in (0, 1) here, one draw for each: in the mean, −log P of the integers is at most this.',
    'Ganze Zahlen haben hier Rauschen in (0, 1), einmal gezogen: im Mittel ist −log P der ganzen Zahlen höchstens so groß.',
  ],
  noData: ['no data', 'keine Daten'],
  signs: {
    samples: ['samples', 'Samples'],
    overfitting: ['overfitting', 'Überanpassung'],
    latents: ['latents', 'Latente'],
    inverse: ['inverse', 'Umkehrung'],
    calibration: ['calibration', 'Kalibrierung'],
  },
  isOff: (sign: string, feature: string) => [`${sign}: ${feature} off`, `${sign}: ${feature} falsch`],
  moreFound: (n: number) => [
    several(n, 'more finding', 'more findings'),
    several(n, 'weiterer Befund', 'weitere Befunde'),
  ],
  noCondition: [
    'Calibration is about flows with a condition, which this one does not have.',
    'Kalibrierung betrifft Flows mit einer Bedingung; dieser hat keine.',
  ],
  notRun: ['Calibration has not been run.', 'Die Kalibrierung ist noch nicht gelaufen.'],
  notChecked: ['Not checked yet.', 'Noch nicht geprüft.'],
  onSamples: [
    'Checked on its own samples, which says nothing about your data',
    'An eigenen Samples geprüft; das sagt nichts über Ihre Daten',
  ],
  onTarget: (target: string, share: string | undefined) => [
    share ? `Target ${target}: ${share} of draws count` : `Trained on the target ${target}`,
    share ? `Ziel ${target}: ${share} der Ziehungen zählen` : `Auf dem Ziel ${target} trainiert`,
  ],
  addData: ['Add data…', 'Daten hinzufügen…'],
  addFile: ['Images in a file…', 'Bilder in einer Datei…'],
  ofThisExample: ['of this example', 'dieses Beispiels'],
  likelierThan: (less: number, name: string) => [
    less > 0.5
      ? `less likely than ${percent(Math.floor(100 * less) / 100)} of ${name}`
      : `likelier than ${percent(Math.floor(100 * (1 - less)) / 100)} of ${name}`,
    less > 0.5
      ? `unwahrscheinlicher als ${percent(Math.floor(100 * less) / 100)} von ${name}`
      : `wahrscheinlicher als ${percent(Math.floor(100 * (1 - less)) / 100)} von ${name}`,
  ],
  firstAt: (name: string) => [`first at ${name}`, `zuerst bei ${name}`],
  export: 'Export',
  exportOnnx: ['Export to ONNX…', 'Nach ONNX exportieren…'],
  exportTorch: ['Export to PyTorch…', 'Nach PyTorch exportieren…'],
  exportHtml: ['Export Inspection as HTML…', 'Ansicht als HTML exportieren…'],
  exportAnimation: ['Export Way from x to z as GIF…', 'Weg von x nach z als GIF exportieren…'],
  savedPage: ['Saved page', 'Gespeicherte Seite'],
  savedPageHint: [
    'A saved page shows what was recorded when it was written.',
    'Eine gespeicherte Seite zeigt, was beim Schreiben aufgezeichnet wurde.',
  ],
  valuesExpected: (n: number) => [`${n} numbers are expected`, `${n} Zahlen werden erwartet`],
  wrongValueCount: (n: number, input: string) => [
    `${n} numbers are expected, “${input}” given`,
    `${n} Zahlen werden erwartet, gegeben: „${input}“`,
  ],
  convert: ['Convert Checkpoint…', 'Checkpoint umwandeln…'],
  origin: ['Where this flow comes from', 'Woher dieser Flow kommt'],
  from: (title: string) => [`From ${title}.`, `Aus ${title}.`],
  recording: ['What was recorded', 'Was aufgezeichnet wurde'],
  recorded: (
    title: string,
    { library, recordedAt, writer, examples, examplesGiven, samples }: RecordingInfo,
  ) => [
    `Recording of ${title}${library ? ` (${library})` : ''}, ${recordedAt.slice(0, 16).replace('T', ' ')}, by ${writer}: ` +
      `${examples < examplesGiven ? `${examples} of ${examplesGiven}` : examples} examples, ${samples} samples.`,
    `Aufzeichnung von ${title}${library ? ` (${library})` : ''}, ${recordedAt.slice(0, 16).replace('T', ' ')}, von ${writer}: ` +
      `${examples < examplesGiven ? `${examples} von ${examplesGiven}` : examples} Beispiele, ${samples} Samples.`,
  ],
  solved: ({ solver, runs, error, spread, dataTime, noiseTime }: SolvedField) => [
    `A vector field solved by ${solver}: ${count(runs)} runs` +
      (error === undefined ? '' : `, log p(x) off by ${scientific(error)} nats`) +
      (spread === undefined ? '' : `, estimated within ±${scientific(spread)} nats`) +
      `. t = ${dataTime} at the data, ${noiseTime} at the noise.`,
    `Ein Vektorfeld, gelöst mit ${solver.replace(/steps?$/, 'Schritten')}: ${count(runs)} Läufe` +
      (error === undefined ? '' : `, log p(x) weicht um ${scientific(error)} nats ab`) +
      (spread === undefined ? '' : `, geschätzt auf ±${scientific(spread)} nats`) +
      `. t = ${dataTime} bei den Daten, ${noiseTime} beim Rauschen.`,
  ],
  recordingHint: [
    'The flow is not run again: what it does to other inputs was not recorded.',
    'Der Flow läuft nicht noch einmal: Was er mit anderen Eingaben macht, wurde nicht aufgezeichnet.',
  ],
  recordingHolds: [
    'It holds examples of the batch: whoever gets it gets them too.',
    'Sie enthält Beispiele aus dem Batch: Wer sie bekommt, bekommt auch diese.',
  ],
  fromAssuming: (title: string, assumptions: readonly string[]) => [
    `From ${title}. Assumed: ${assumptions.join(', ')}.`,
    `Aus ${title}. Angenommen: ${assumptions.join(', ')}.`,
  ],
  searched: (what: 'x' | 'z') => [
    `This file goes one way only, so ${what} is found by a numerical search, which takes longer. With the file of the other direction beside it, that one is used.`,
    `Die Datei geht nur in eine Richtung: ${what} wird numerisch gesucht, was länger dauert. Liegt die Datei der anderen Richtung daneben, wird sie benutzt.`,
  ],
  gone: [
    'This file was deleted. What was read of it before can still be looked at.',
    'Diese Datei wurde gelöscht. Was vorher gelesen wurde, lässt sich noch ansehen.',
  ],
  guessed: (guesses: readonly string[]) => [
    `Guessed: ${guesses.join(', ')}. The file does not say it, and every number here depends on it.`,
    `Geraten: ${guesses.join(', ')}. Die Datei sagt es nicht, und jede Zahl hier hängt davon ab.`,
  ],
  confirmGuess: ['Confirm or change…', 'Bestätigen oder ändern…'],
  changeImport: ['Change…', 'Ändern…'],
  changeImportHint: ['Change how this file is read', 'Ändern, wie diese Datei gelesen wird'],
  panel: ['Panel', 'Bereich'],
  moreControls: ['More controls', 'Mehr zur Auswahl'],
  gallery: ['Gallery', 'Galerie'],
  keys: ['Keys', 'Tasten'],
  close: ['Close', 'Schließen'],
  /** Keys, and what they do or move through. */
  keyList: [
    [
      ['↑ ↓', 'layer'],
      ['← →', 'example'],
      ['1 – 9', 'tabs of the layer, from left'],
      ['[ ]', 'checkpoint'],
      ['Alt ← →', 'earlier and later selections'],
      ['Home End', 'first and last layer'],
      ['Enter', 'open a folded scale'],
      ['Tab', 'next region or control'],
      ['arrows in a map', 'marked element'],
      ['+ − 0', 'zoom of the maps'],
      ['Space, Page ↑ ↓', 'play and step the plane'],
      ['?', 'this list'],
    ],
    [
      ['↑ ↓', 'Schicht'],
      ['← →', 'Beispiel'],
      ['1 – 9', 'Reiter der Schicht, von links'],
      ['[ ]', 'Checkpoint'],
      ['Alt ← →', 'frühere und spätere Auswahl'],
      ['Pos1 Ende', 'erste und letzte Schicht'],
      ['Enter', 'zusammengeklappte Skala öffnen'],
      ['Tab', 'nächster Bereich oder nächstes Element'],
      ['Pfeile in einer Karte', 'markiertes Element'],
      ['+ − 0', 'Vergrößerung der Karten'],
      ['Leertaste, Bild ↑ ↓', 'Ebene abspielen und schrittweise zeigen'],
      ['?', 'diese Liste'],
    ],
  ],
  openFile: ['Open file…', 'Datei öffnen…'],
  openFileHint: [
    'Show an image file, or drop one on the page (in VS Code with Shift held)',
    'Eine Bilddatei zeigen, oder auf der Seite ablegen (in VS Code mit gedrückter Umschalttaste)',
  ],
  openNumbersHint: [
    'Show a row of numbers from a file, or drop one on the page (in VS Code with Shift held)',
    'Eine Zeile Zahlen aus einer Datei zeigen, oder auf der Seite ablegen (in VS Code mit gedrückter Umschalttaste)',
  ],
  dropHere: ['Drop to show this file as the example', 'Ablegen, um diese Datei als Beispiel zu zeigen'],
  dropHint: ['In VS Code hold Shift while dropping.', 'In VS Code beim Ablegen die Umschalttaste halten.'],
  reading: (name: string) => [`Reading ${name}`, `${name} wird gelesen`],
  fileNotRead: (name: string) => [`${name} was not read`, `${name} wurde nicht gelesen`],
  tooLarge: (name: string, size: string, most: string) => [
    `${name}: has ${size}; expected at most ${most}.`,
    `${name}: hat ${size}; erwartet werden höchstens ${most}.`,
  ],
  dismiss: ['Dismiss', 'Schließen'],
  gray: ['gray', 'grau'],
  color: ['color', 'farbig'],
  pictureAsIs: (name: string, size: string, levels: number) => [
    `${name}: ${size}, ${levels} levels.`,
    `${name}: ${size}, ${levels} Stufen.`,
  ],
  pictureRecolored: (name: string, from: string, size: string, levels: number) => [
    `${name}: ${from}, taken as ${size}, ${levels} levels.`,
    `${name}: ${from}, als ${size} genommen, ${levels} Stufen.`,
  ],
  pictureFitted: (name: string, from: string, size: string, levels: number) => [
    `${name}: ${from}, scaled and cut to ${size}, ${levels} levels.`,
    `${name}: ${from}, auf ${size} skaliert und beschnitten, ${levels} Stufen.`,
  ],
  numbersRead: (name: string, n: number) => [`${name}: ${n} numbers.`, `${name}: ${n} Zahlen.`],
  stepOf: (step: number, place: number, n: number) => [
    `step ${count(step)}, checkpoint ${place} of ${n}`,
    `Schritt ${count(step)}, Checkpoint ${place} von ${n}`,
  ],
  oneOfSteps: (step: number, n: number) => [
    `${count(step)}, one of ${n} saved`,
    `${count(step)}, einer von ${n} gespeicherten`,
  ],
  savedOneStep: [
    'The run has more checkpoints. This saved page holds the one that it was written from.',
    'Der Lauf hat mehr Checkpoints. Diese gespeicherte Seite enthält den, aus dem sie geschrieben wurde.',
  ],
  notTheFile: (name: string) => [
    `Everything is about ${name}, not about the file of this editor.`,
    `Alles handelt von ${name}, nicht von der Datei dieses Editors.`,
  ],
  stepNotOpened: ['could not be opened', 'ließ sich nicht öffnen'],
  backToFileHint: [
    'Show the step of the file that this editor was opened with',
    'Den Schritt der Datei zeigen, mit der dieser Editor geöffnet wurde',
  ],
  modelFailed: ['The model could not be opened', 'Das Modell konnte nicht geöffnet werden'],
});
