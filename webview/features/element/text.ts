/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  byPixel: 'By pixel',
  byFeature: 'By feature',
  costTotal: 'all parts',
  costPreprocessing: 'preprocessing, levels',
  costOf: (name: string) => `log p(x) by element: ${name}`,
  costSum: (sum: string, mean: string) => `log p(x) ${sum} bits, ${mean} bits/dim`,
  costSumNats: (sum: string) => `log p(x) ${sum} nats`,
  costPart: (mean: string) => `mean ${mean}`,
  costHint: 'What each pixel adds to log p(x), in bits: orange raises it, violet lowers it.',
  costHintNats: 'What each feature adds to log p(x): + raises it, − lowers it.',
  costPlace:
    'A latent counts where it leaves the flow, s where its element came from, batch norm by channel. A coupling mixes elements, so this counts by place, not by cause.',
  costSpread: (names: string) => `Known as one number only, and spread evenly: ${names}.`,
  costAt: (row: number, column: number, bits: string) => `row ${row}, column ${column}: ${bits} bits`,
  costNoExample: 'Choose an example to see what each of its elements adds to log p(x).',
  costBits: 'bits',
  costChannels: 'Channels',
  noExample: 'No example',
};

export const german: typeof english = {
  byPixel: 'Je Pixel',
  byFeature: 'Je Merkmal',
  costTotal: 'alle Teile',
  costPreprocessing: 'Vorverarbeitung, Stufen',
  costOf: (name) => `log p(x) je Element: ${name}`,
  costSum: (sum, mean) => `log p(x) ${sum} Bit, ${mean} Bit/Dim`,
  costSumNats: (sum) => `log p(x) ${sum} Nat`,
  costPart: (mean) => `Mittel ${mean}`,
  costHint: 'Was jedes Pixel zu log p(x) beiträgt, in Bit: Orange erhöht, Violett senkt.',
  costHintNats: 'Was jedes Merkmal zu log p(x) beiträgt: + erhöht, − senkt.',
  costPlace:
    'Ein latenter Wert zählt dort, wo er den Fluss verlässt, s dort, woher sein Element kam, Batch-Norm je Kanal. Eine Kopplung mischt Elemente: gezählt wird nach dem Ort, nicht nach der Ursache.',
  costSpread: (names) => `Nur als eine Zahl bekannt und gleichmäßig verteilt: ${names}.`,
  costAt: (row, column, bits) => `Zeile ${row}, Spalte ${column}: ${bits} Bit`,
  costNoExample: 'Ein Beispiel wählen, um zu sehen, was jedes seiner Elemente zu log p(x) beiträgt.',
  costBits: 'Bit',
  costChannels: 'Kanäle',
  noExample: 'Kein Beispiel',
};

export const text = inLanguage(english, german);
