/** Texte dazu, was jedes Element des Beispiels kostet. */
import type { contribution as english } from '../en/contribution';

export const contribution: typeof english = {
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
};
