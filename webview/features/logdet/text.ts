/** Texts of this feature, in English and in German. */
import { count, bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: 'Log-det',
  mapThis: ['Each element, this example', 'Jedes Element, dieses Beispiel'],
  mapFirst: ['Each element, first of the batch', 'Jedes Element, erstes des Batches'],
  mapMean: (n: number) => [`Each element, mean of ${count(n)}`, `Jedes Element, Mittel aus ${count(n)}`],
  mapInImage: ['In image coordinates, this example', 'In Bildkoordinaten, dieses Beispiel'],
  mapNote: ['of s·(1 − b)', 'von s·(1 − b)'],
  slopeNote: ['of log ∂y/∂x', 'von log ∂y/∂x'],
  noMap: ['One number for the whole layer', 'Eine Zahl für die ganze Schicht'],
  noMapWhy: [
    'The log-det of this layer has no per-element map.',
    'Die log-det dieser Schicht gibt es nicht je Element.',
  ],
  zeroLogDet: [
    'This layer only moves values to other places: its log-det is zero.',
    'Diese Schicht ordnet Werte nur um: Ihre log-det ist null.',
  ],
  preservesVolume: [
    'This coupling only shifts values, which leaves volumes as they are: its own log-det is zero.',
    'Diese Kopplung verschiebt Werte nur und lässt Volumen, wie sie sind: Ihre eigene log-det ist null.',
  ],
  overBatch: (n: number) => [`Over ${count(n)} examples`, `Über ${count(n)} Beispiele`],
  overBatchNote: ['log-det of this layer, nats', 'log-det dieser Schicht, Nats'],
  overDepth: ['Over depth', 'Über die Tiefe'],
  overDepthNote: ['running Σ log-det, nats', 'fortlaufend Σ log-det, Nats'],
});
