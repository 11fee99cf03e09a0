/** Texts of this feature, in English and in German. */
import type { SplineEnds } from '../../../src/protocol/spline';
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Spline',
  note: (bins: number, low: string, high: string, ends: SplineEnds) =>
    `output y over input x; ${bins} bins on [${low}, ${high}], ${
      {
        linear: 'the identity outside',
        box: 'slopes of their own at both ends',
        circular: 'a circle',
        'half-turn': 'a circle; x has come half around it',
      }[ends]
    }`,
  slope: 'slope dy/dx',
  slopeNote: 'log axis; 1 keeps the density',
  sum: 'Σ, log-det of this example',
  sumFirst: 'Σ, log-det of the first of the batch',
  outside: 'outside',
  inBin: (bin: number) => `bin ${bin}`,
  curve: (feature: string) => `Spline of ${feature}`,
  chosen: 'Features; the chosen one is drawn large',
  noSpline: 'This layer has no splines',
  noSplineWhy: 'Choose a coupling or an autoregressive layer of this flow.',
};

export const german: typeof english = {
  tab: 'Spline-Kurve',
  note: (bins: number, low: string, high: string, ends: SplineEnds) =>
    `Ausgabe y über Eingabe x; ${bins} Intervalle auf [${low}, ${high}], ${
      {
        linear: 'außen die Identität',
        box: 'mit eigenen Steigungen an beiden Enden',
        circular: 'einem Kreis',
        'half-turn': 'einem Kreis; x ist halb um ihn herum',
      }[ends]
    }`,
  slope: 'Steigung dy/dx',
  slopeNote: 'logarithmisch; 1 lässt die Dichte, wie sie ist',
  sum: 'Σ, log-det dieses Beispiels',
  sumFirst: 'Σ, log-det des ersten im Batch',
  outside: 'außerhalb',
  inBin: (bin: number) => `Intervall ${bin}`,
  curve: (feature: string) => `Spline von ${feature}`,
  chosen: 'Merkmale; das gewählte ist groß gezeichnet',
  noSpline: 'Diese Schicht hat keine Splines',
  noSplineWhy: 'Wähle eine Kopplung oder eine autoregressive Schicht dieses Flows.',
};

export const text = inLanguage(english, german);
