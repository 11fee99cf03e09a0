/** Texts of this feature, in English and in German. */
import type { LayerInfo } from '../../../src/protocol/model';
import type { SplineEnds } from '../../../src/protocol/spline';
import { inLanguage } from '../../base/format/language';
import { count } from '../../base/format/numbers';

export const english = {
  tab: 'Curve',
  note: ({ formula, hasNorm }: Pick<LayerInfo, 'formula' | 'hasNorm'>) =>
    `output y over input x${formula ? `; y = ${formula}` : ''}${hasNorm ? ', before the norm' : ''}`,
  splineNote: (bins: number, low: string, high: string, ends: SplineEnds) =>
    `output y over input x; ${bins} bins on [${low}, ${high}], ${
      {
        linear: 'the identity outside',
        box: 'slopes of their own at both ends',
        circular: 'a circle',
        'half-turn': 'a circle; x has come half around it',
        lines: 'lines through its corners outside; every value has an interval of its own',
      }[ends]
    }`,
  slope: 'slope dy/dx',
  slopeNote: 'log axis; 1 keeps the density',
  sum: 'Σ, log-det of this example',
  sumFirst: 'Σ, log-det of the first of the batch',
  outside: 'outside',
  inBin: (bin: number) => `bin ${bin}`,
  curve: (feature: string) => `Curve of ${feature}`,
  chosen: 'Features; the chosen one is drawn large',
  noCurve: 'This layer has no curves',
  noCurveWhy: 'Choose a coupling or an autoregressive layer of this flow.',
  interval: (low: string, high: string) => `[${low}, ${high}]`,
  ownInterval: 'their own interval',
  noneOutside: (values: number, interval: string) =>
    `None of ${count(values)} values is outside of ${interval}.`,
  someOutside: (share: string, interval: string, feature: string, most: string) =>
    `${share} of the values are outside of ${interval}, most of ${feature} (${most}).`,
  passUnchanged: 'They pass unchanged.',
  onLines: 'They are mapped by a line.',
  emptyBins: (empty: number, bins: number) => `${empty} of ${bins} bins hold no value.`,
  batch: 'values of the batch',
  batchNote: (n: number, bins: boolean) =>
    `${count(n)} examples${bins ? '; hatched: no value in this bin' : ''}`,
  band: (n: number) => `Gray: where 10 to 90% of ${n} curves lie.`,
  ownBins: (used: number, bins: number) =>
    `Every example has knots of its own; the values reach ${used} of ${bins} bins of theirs.`,
  share: 'outside',
  empty: 'empty',
  emptyWhy: 'bins that hold no value of the batch',
  maps: 'Bins of all features',
  mapsNote: 'of this example; framed: the bin that it lies in',
  mapsFirst: 'of the first of the batch; framed: the bin that it lies in',
  widths: 'width',
  heights: 'height',
  derivatives: 'ln derivative',
  hint: 'Point at a cell or use the arrow keys; click to draw its feature',
  readBin: (feature: string, bin: number, value: string) => `${feature}, bin ${bin}: ${value}`,
  readKnot: (feature: string, knot: number, value: string) => `${feature}, knot ${knot}: ${value}`,
};

export const german: typeof english = {
  tab: 'Kurve',
  note: ({ formula, hasNorm }) =>
    `Ausgabe y über Eingabe x${formula ? `; y = ${formula}` : ''}${hasNorm ? ', vor der Norm' : ''}`,
  splineNote: (bins: number, low: string, high: string, ends: SplineEnds) =>
    `Ausgabe y über Eingabe x; ${bins} Intervalle auf [${low}, ${high}], ${
      {
        linear: 'außen die Identität',
        box: 'mit eigenen Steigungen an beiden Enden',
        circular: 'einem Kreis',
        'half-turn': 'einem Kreis; x ist halb um ihn herum',
        lines: 'außen Geraden durch die Ecken; jeder Wert hat ein eigenes Intervall',
      }[ends]
    }`,
  slope: 'Steigung dy/dx',
  slopeNote: 'logarithmisch; 1 lässt die Dichte, wie sie ist',
  sum: 'Σ, log-det dieses Beispiels',
  sumFirst: 'Σ, log-det des ersten im Batch',
  outside: 'außerhalb',
  inBin: (bin: number) => `Intervall ${bin}`,
  curve: (feature: string) => `Kurve von ${feature}`,
  chosen: 'Merkmale; das gewählte ist groß gezeichnet',
  noCurve: 'Diese Schicht hat keine Kurven',
  noCurveWhy: 'Wähle eine Kopplung oder eine autoregressive Schicht dieses Flows.',
  interval: (low, high) => `von [${low}, ${high}]`,
  ownInterval: 'ihres eigenen Intervalls',
  noneOutside: (values, interval) => `Keiner von ${count(values)} Werten liegt außerhalb ${interval}.`,
  someOutside: (share, interval, feature, most) =>
    `${share} der Werte liegen außerhalb ${interval}, die meisten von ${feature} (${most}).`,
  passUnchanged: 'Sie bleiben unverändert.',
  onLines: 'Eine Gerade bildet sie ab.',
  emptyBins: (empty, bins) => `In ${empty} von ${bins} Intervallen liegt kein Wert.`,
  batch: 'Werte des Batches',
  batchNote: (n, bins) =>
    `${count(n)} Beispiele${bins ? '; schraffiert: kein Wert in diesem Intervall' : ''}`,
  band: (n) => `Grau: wo 10 bis 90 % von ${n} Kurven liegen.`,
  ownBins: (used, bins) =>
    `Jedes Beispiel hat eigene Knoten; die Werte erreichen ${used} von ${bins} ihrer Intervalle.`,
  share: 'außen',
  empty: 'leer',
  emptyWhy: 'Intervalle, in denen kein Wert des Batches liegt',
  maps: 'Intervalle aller Merkmale',
  mapsNote: 'dieses Beispiels; gerahmt: das Intervall, in dem es liegt',
  mapsFirst: 'des ersten im Batch; gerahmt: das Intervall, in dem es liegt',
  widths: 'Breite',
  heights: 'Höhe',
  derivatives: 'ln der Steigung',
  hint: 'Zeigen oder Pfeiltasten; ein Klick zeichnet das Merkmal',
  readBin: (feature, bin, value) => `${feature}, Intervall ${bin}: ${value}`,
  readKnot: (feature, knot, value) => `${feature}, Knoten ${knot}: ${value}`,
};

export const text = inLanguage(english, german);
