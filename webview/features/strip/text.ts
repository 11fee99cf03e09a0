/** Texts of this feature, in English and in German. */
import { count, short } from '../../base/format/numbers';
import { bilingual } from '../../base/format/language';

export const text = bilingual({
  out: ['out', 'aus'],
  barsShow: ['Bars show', 'Balken zeigen'],
  stripFailed: ['The layers could not be computed', 'Die Schichten konnten nicht berechnet werden'],
  input: ['x, the data', 'x, die Daten'],
  latent: (n: number) => [`z, ${count(n)} values`, `z, ${count(n)} Werte`],
  folded: (layers: number) => [`${count(layers)} layers`, `${count(layers)} Schichten`],
  foldedHint: ['Enter opens', 'Enter öffnet'],
  sumOfScales: (layers: string) => `${layers}, Σ s`,
  transforms: ['layers without norms', 'Schichten ohne Normen'],
  maskKey: ['mask: light changes', 'Maske: Helles ändert sich'],
  outKey: ['out:', 'aus:'],
  nonFiniteFirst: (n: number) => [`∞ ${short(n)} first`, `∞ ${short(n)} zuerst`],
  nonFiniteLater: (n: number) => `NaN ${short(n)}`,
});
