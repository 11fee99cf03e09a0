/** Texts of this feature, in English and in German. */
import { count, short } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

export const english = {
  out: 'out',
  barsShow: 'Bars show',
  stripFailed: 'The layers could not be computed',
  input: 'x, the data',
  latent: (n: number) => `z, ${count(n)} values`,
  folded: (layers: number) => `${count(layers)} layers`,
  foldedHint: 'Enter opens',
  sumOfScales: (layers: string) => `${layers}, Σ s`,
  transforms: 'layers without norms',
  maskKey: 'mask: light changes',
  outKey: 'out:',
  nonFiniteFirst: (n: number) => `∞ ${short(n)} first`,
  nonFiniteLater: (n: number) => `NaN ${short(n)}`,
};

export const german: typeof english = {
  out: 'aus',
  barsShow: 'Balken zeigen',
  stripFailed: 'Die Schichten konnten nicht berechnet werden',
  input: 'x, die Daten',
  latent: (n: number) => `z, ${count(n)} Werte`,
  folded: (layers: number) => `${count(layers)} Schichten`,
  foldedHint: 'Enter öffnet',
  sumOfScales: (layers) => `${layers}, Σ s`,
  transforms: 'Schichten ohne Normen',
  maskKey: 'Maske: Helles ändert sich',
  outKey: 'aus:',
  nonFiniteFirst: (n: number) => `∞ ${short(n)} zuerst`,
  nonFiniteLater: (n: number) => `NaN ${short(n)}`,
};

export const text = inLanguage(english, german);
