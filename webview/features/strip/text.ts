/** Texts of this feature, in English and in German. */
import type { SolvedField } from '../../../src/protocol/model';
import { count, short, bilingual, several } from '../../base/format/numbers';

export const text = bilingual({
  out: ['out', 'aus'],
  barsShow: ['Bars show', 'Balken zeigen'],
  stripFailed: ['The layers could not be computed', 'Die Schichten konnten nicht berechnet werden'],
  input: ['x, the data', 'x, die Daten'],
  latent: (n: number) => [`z, ${several(n, 'value', 'values')}`, `z, ${several(n, 'Wert', 'Werte')}`],
  folded: (layers: number) => [`${count(layers)} layers`, `${count(layers)} Schichten`],
  foldedHint: ['Enter opens', 'Enter öffnet'],
  sumOfScales: (layers: string) => `${layers}, Σ s`,
  transforms: ['layers without norms', 'Schichten ohne Normen'],
  maskKey: ['mask: light changes', 'Maske: Helles ändert sich'],
  outKey: ['out:', 'aus:'],
  sliceError: ['error, nats', 'Fehler, nats'],
  sliceErrorHint: [
    'Of the log-det of each slice, against a finer solver; mean over the examples',
    'Des Log-det jedes Abschnitts, gegen einen feineren Löser; Mittel der Beispiele',
  ],
  runs: (n: number) => [several(n, 'run', 'runs'), several(n, 'Lauf', 'Läufe')],
  slices: ['slices, toward noise', 'Abschnitte, zum Rauschen'],
  solverError: ['error of log p(x)', 'Fehler von log p(x)'],
  solverErrorHint: [
    'Against a finer solver; mean over the examples',
    'Gegen einen feineren Löser; Mittel der Beispiele',
  ],
  convention: ({ dataTime, noiseTime }: SolvedField) => [
    `t: ${dataTime} data, ${noiseTime} noise`,
    `t: ${dataTime} Daten, ${noiseTime} Rauschen`,
  ],
  nonFiniteFirst: (n: number) => [`∞ ${short(n)} first`, `∞ ${short(n)} zuerst`],
  nonFiniteLater: (n: number) => `NaN ${short(n)}`,
});
