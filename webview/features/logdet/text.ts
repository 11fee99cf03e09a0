/** Texts of this feature, in English and in German. */
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Log-det',
  mapThis: 'Each element, this example',
  mapFirst: 'Each element, first of the batch',
  mapMean: (n: number) => `Each element, mean of ${count(n)}`,
  mapInImage: 'In image coordinates, this example',
  mapNote: 'of s·(1 − b)',
  noMap: 'One number for the whole layer',
  noMapWhy: 'The log-det of this layer has no per-element map.',
  zeroLogDet: 'This layer only moves values to other places: its log-det is zero.',
  preservesVolume:
    'This coupling only shifts values, which leaves volumes as they are: its own log-det is zero.',
  overBatch: (n: number) => `Over ${count(n)} examples`,
  overBatchNote: 'log-det of this layer, nats',
  overDepth: 'Over depth',
  overDepthNote: 'running Σ log-det, nats',
};

export const german: typeof english = {
  tab: 'Log-det',
  mapThis: 'Jedes Element, dieses Beispiel',
  mapFirst: 'Jedes Element, erstes des Batches',
  mapMean: (n: number) => `Jedes Element, Mittel aus ${count(n)}`,
  mapInImage: 'In Bildkoordinaten, dieses Beispiel',
  mapNote: 'von s·(1 − b)',
  noMap: 'Eine Zahl für die ganze Schicht',
  noMapWhy: 'Die log-det dieser Schicht gibt es nicht je Element.',
  zeroLogDet: 'Diese Schicht ordnet Werte nur um: Ihre log-det ist null.',
  preservesVolume:
    'Diese Kopplung verschiebt Werte nur und lässt Volumen, wie sie sind: Ihre eigene log-det ist null.',
  overBatch: (n: number) => `Über ${count(n)} Beispiele`,
  overBatchNote: 'log-det dieser Schicht, Nats',
  overDepth: 'Über die Tiefe',
  overDepthNote: 'fortlaufend Σ log-det, Nats',
};

export const text = inLanguage(english, german);
