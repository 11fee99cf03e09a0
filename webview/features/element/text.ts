/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  byPixel: ['By pixel', 'Je Pixel'],
  byFeature: ['By feature', 'Je Merkmal'],
  costTotal: ['all parts', 'alle Teile'],
  costPreprocessing: ['preprocessing, levels', 'Vorverarbeitung, Stufen'],
  costOf: (name: string) => [`log p(x) by element: ${name}`, `log p(x) je Element: ${name}`],
  costSum: (sum: string, mean: string) => [
    `log p(x) ${sum} bits, ${mean} bits/dim`,
    `log p(x) ${sum} Bit, ${mean} Bit/Dim`,
  ],
  costSumNats: (sum: string) => [`log p(x) ${sum} nats`, `log p(x) ${sum} Nat`],
  costPart: (mean: string) => [`mean ${mean}`, `Mittel ${mean}`],
  costHint: [
    'What each pixel adds to log p(x), in bits: orange raises it, violet lowers it.',
    'Was jedes Pixel zu log p(x) beiträgt, in Bit: Orange erhöht, Violett senkt.',
  ],
  costHintNats: [
    'What each feature adds to log p(x): + raises it, − lowers it.',
    'Was jedes Merkmal zu log p(x) beiträgt: + erhöht, − senkt.',
  ],
  costPlace: [
    'A latent counts where it leaves the flow, a log scale where its element came from, a norm by channel. Layers mix elements, so this counts by place, not by cause.',
    'Ein latenter Wert zählt dort, wo er den Fluss verlässt, eine Log-Skala dort, woher ihr Element kam, eine Norm je Kanal. Schichten mischen Elemente: gezählt wird nach dem Ort, nicht nach der Ursache.',
  ],
  costSpread: (names: string) => [
    `Known as one number only, and spread evenly: ${names}.`,
    `Nur als eine Zahl bekannt und gleichmäßig verteilt: ${names}.`,
  ],
  costAt: (row: number, column: number, bits: string) => [
    `row ${row}, column ${column}: ${bits} bits`,
    `Zeile ${row}, Spalte ${column}: ${bits} Bit`,
  ],
  costNoExample: [
    'Choose an example to see what each of its elements adds to log p(x).',
    'Ein Beispiel wählen, um zu sehen, was jedes seiner Elemente zu log p(x) beiträgt.',
  ],
  costBits: ['bits', 'Bit'],
  costChannels: ['Channels', 'Kanäle'],
  noExample: ['No example', 'Kein Beispiel'],
});
