/** Texts of this feature, in English and in German. */
import type { LayerInfo } from '../../../src/protocol/model';
import type { SplineEnds } from '../../../src/protocol/spline';
import { bilingual, count } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Curve', 'Kurve'],
  note: ({ formula, hasNorm }: Pick<LayerInfo, 'formula' | 'hasNorm'>) => [
    `output y over input x${formula ? `; y = ${formula}` : ''}${hasNorm ? ', before the norm' : ''}`,
    `Ausgabe y über Eingabe x${formula ? `; y = ${formula}` : ''}${hasNorm ? ', vor der Norm' : ''}`,
  ],
  splineNote: (bins: number, low: string, high: string, ends: SplineEnds) => [
    `output y over input x; ${bins} bins on [${low}, ${high}], ${
      {
        linear: 'the identity outside',
        box: 'slopes of their own at both ends',
        circular: 'a circle',
        'half-turn': 'a circle; x has come half around it',
        lines: 'lines through its corners outside; every value has an interval of its own',
      }[ends]
    }`,
    `Ausgabe y über Eingabe x; ${bins} Intervalle auf [${low}, ${high}], ${
      {
        linear: 'außen die Identität',
        box: 'mit eigenen Steigungen an beiden Enden',
        circular: 'einem Kreis',
        'half-turn': 'einem Kreis; x ist halb um ihn herum',
        lines: 'außen Geraden durch die Ecken; jeder Wert hat ein eigenes Intervall',
      }[ends]
    }`,
  ],
  slope: ['slope dy/dx', 'Steigung dy/dx'],
  slopeNote: ['log axis; 1 keeps the density', 'logarithmisch; 1 lässt die Dichte, wie sie ist'],
  sum: ['Σ, log-det of this example', 'Σ, log-det dieses Beispiels'],
  sumFirst: ['Σ, log-det of the first of the batch', 'Σ, log-det des ersten im Batch'],
  outside: ['outside', 'außerhalb'],
  inBin: (bin: number) => [`bin ${bin}`, `Intervall ${bin}`],
  curve: (feature: string) => [`Curve of ${feature}`, `Kurve von ${feature}`],
  chosen: ['Features; the chosen one is drawn large', 'Merkmale; das gewählte ist groß gezeichnet'],
  noCurve: ['This layer has no curves', 'Diese Schicht hat keine Kurven'],
  noCurveWhy: [
    'Choose a coupling or an autoregressive layer of this flow.',
    'Wähle eine Kopplung oder eine autoregressive Schicht dieses Flows.',
  ],
  interval: (low: string, high: string) => [`[${low}, ${high}]`, `von [${low}, ${high}]`],
  exampleInterval: ['their own interval', 'ihres eigenen Intervalls'],
  noneOutside: (values: number, interval: string) => [
    `None of ${count(values)} values is outside of ${interval}.`,
    `Keiner von ${count(values)} Werten liegt außerhalb ${interval}.`,
  ],
  someOutside: (share: string, interval: string, feature: string, most: string) => [
    `${share} of the values are outside of ${interval}, most of ${feature} (${most}).`,
    `${share} der Werte liegen außerhalb ${interval}, die meisten von ${feature} (${most}).`,
  ],
  passUnchanged: ['They pass unchanged.', 'Sie bleiben unverändert.'],
  onLines: ['They are mapped by a line.', 'Eine Gerade bildet sie ab.'],
  emptyBins: (empty: number, bins: number) => [
    `${empty} of ${bins} bins hold no value.`,
    `In ${empty} von ${bins} Intervallen liegt kein Wert.`,
  ],
  batch: ['values of the batch', 'Werte des Batches'],
  batchNote: (n: number, bins: boolean) => [
    `${count(n)} examples${bins ? '; hatched: no value in this bin' : ''}`,
    `${count(n)} Beispiele${bins ? '; schraffiert: kein Wert in diesem Intervall' : ''}`,
  ],
  band: (n: number) => [
    `Gray: where 10 to 90% of ${n} curves lie.`,
    `Grau: wo 10 bis 90 % von ${n} Kurven liegen.`,
  ],
  exampleBins: (used: number, bins: number) => [
    `Every example has knots of its own; the values reach ${used} of ${bins} bins of theirs.`,
    `Jedes Beispiel hat eigene Knoten; die Werte erreichen ${used} von ${bins} ihrer Intervalle.`,
  ],
  share: ['outside', 'außen'],
  empty: ['empty', 'leer'],
  emptyWhy: ['bins that hold no value of the batch', 'Intervalle, in denen kein Wert des Batches liegt'],
  maps: ['Bins of all features', 'Intervalle aller Merkmale'],
  mapsNote: [
    'of this example; framed: the bin that it lies in',
    'dieses Beispiels; gerahmt: das Intervall, in dem es liegt',
  ],
  mapsFirst: [
    'of the first of the batch; framed: the bin that it lies in',
    'des ersten im Batch; gerahmt: das Intervall, in dem es liegt',
  ],
  widths: ['width', 'Breite'],
  heights: ['height', 'Höhe'],
  derivatives: ['ln derivative', 'ln der Steigung'],
  hint: [
    'Point at a cell or use the arrow keys; click to draw its feature',
    'Zeigen oder Pfeiltasten; ein Klick zeichnet das Merkmal',
  ],
  readBin: (feature: string, bin: number, value: string) => [
    `${feature}, bin ${bin}: ${value}`,
    `${feature}, Intervall ${bin}: ${value}`,
  ],
  readKnot: (feature: string, knot: number, value: string) => [
    `${feature}, knot ${knot}: ${value}`,
    `${feature}, Knoten ${knot}: ${value}`,
  ],
});
