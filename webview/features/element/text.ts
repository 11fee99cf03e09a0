/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  byPixel: 'By pixel',
  byFeature: 'By feature',
  costTotal: 'all parts',
  costPreprocessing: 'preprocessing, levels',
  costOf: (name: string) => `Cost by element: ${name}`,
  costSum: (sum: string, mean: string) => `Σ ${sum} bits, mean ${mean} bits/dim`,
  costSumNats: (sum: string) => `Σ ${sum} nats`,
  costPart: (mean: string) => `mean ${mean}`,
  costHint: 'Bits that each pixel costs; orange costs, violet saves. The mean of all parts is the bits/dim.',
  costHintNats: 'Nats that each feature costs; orange costs, violet saves. Their sum is the total.',
  costPlace:
    'A latent counts where it leaves the flow, s where its element came from, batch norm by channel. A coupling mixes elements, so costs are counted by place, not by cause.',
  costSpread: (names: string) => `Known as one number only, and spread evenly: ${names}.`,
  costAt: (row: number, column: number, bits: string) => `row ${row}, column ${column}: ${bits} bits`,
  costNoExample: 'Choose an example to see what each of its elements costs.',
  costBits: 'bits',
  costChannels: 'Channels',
  channelSum: 'sum',
  noExample: 'No example',
};

export const german: typeof english = {
  byPixel: 'Je Pixel',
  byFeature: 'Je Merkmal',
  costTotal: 'alle Teile',
  costPreprocessing: 'Vorverarbeitung, Stufen',
  costOf: (name) => `Kosten je Element: ${name}`,
  costSum: (sum, mean) => `Σ ${sum} Bit, Mittel ${mean} Bit/Dim`,
  costSumNats: (sum) => `Σ ${sum} Nat`,
  costPart: (mean) => `Mittel ${mean}`,
  costHint:
    'Bit, die jedes Pixel kostet; Orange kostet, Violett spart. Das Mittel aller Teile sind die Bit/Dim.',
  costHintNats: 'Nat, die jedes Merkmal kostet; Orange kostet, Violett spart. Ihre Summe ist das Ganze.',
  costPlace:
    'Ein latenter Wert zählt dort, wo er den Fluss verlässt, s dort, woher sein Element kam, Batch-Norm je Kanal. Eine Kopplung mischt Elemente: die Kosten sagen den Ort, nicht die Ursache.',
  costSpread: (names) => `Nur als eine Zahl bekannt und gleichmäßig verteilt: ${names}.`,
  costAt: (row, column, bits) => `Zeile ${row}, Spalte ${column}: ${bits} Bit`,
  costNoExample: 'Ein Beispiel wählen, um zu sehen, was jedes seiner Elemente kostet.',
  costBits: 'Bit',
  costChannels: 'Kanäle',
  channelSum: 'Summe',
  noExample: 'Kein Beispiel',
};

export const text = inLanguage(english, german);
