/** Texts of this feature, in English and in German. */
import type { CalibrationProblem } from '../../../src/protocol/calibration';
import { inLanguage } from '../../base/format/language';

const problems: Record<CalibrationProblem, string> = {
  'too low': 'samples too low',
  'too high': 'samples too high',
  'too narrow': 'too narrow: overconfident',
  'too wide': 'too wide: underconfident',
  skewed: 'off to one side',
};
const germanProblems: typeof problems = {
  'too low': 'Samples zu niedrig',
  'too high': 'Samples zu hoch',
  'too narrow': 'zu schmal: zu sicher',
  'too wide': 'zu breit: zu unsicher',
  skewed: 'zu einer Seite verschoben',
};

export const english = {
  tab: 'Calibration',
  unit: 'pairs',
  pairs: 'Pairs',
  draws: 'Samples each',
  cost: (pairs: string, draws: string, samples: string) =>
    `Takes ${pairs} held-out examples with their conditions, draws ${draws} samples for each and looks where the true values stand among them: ${samples} samples, each scored once.`,
  onTrain: 'There are no held-out examples: these were trained on, so the result is flattering.',
  noData: 'No examples to compare with',
  noDataWhy: 'Calibration needs examples of the data with their conditions.',
  notRun: 'Are its samples spread like the truth?',
  failed: 'Calibration failed',
  about: (pairs: string, draws: string, split: string) => `${pairs} ${split} pairs, ${draws} samples each`,
  ranks: 'Ranks of the truth',
  ranksNote: 'SBC; band: 99% of calibrated flows',
  coverage: 'Coverage',
  tarp: 'TARP',
  bandNote: 'truths inside, by level; band 99%',
  ranksOk: (name: string, p: string, limit: string) =>
    `No feature is off: the smallest p is ${p} (${name}), the limit ${limit}.`,
  ranksOff: (name: string, problem: string, distance: string, p: string, off: number, of: number) =>
    `${name} is farthest from uniform, ${problem}: distance ${distance}, p ${p}; ${off} of ${of} off.`,
  holds: (found: string, low: string, high: string) =>
    `90% regions hold ${found}; calibrated flows ${low} to ${high}`,
  onlyAtThisLevel: 'outside at this level alone: all levels together are not off',
  test: (distance: string, p: string) => `distance ${distance}, p ${p}`,
  problem: (problem: CalibrationProblem) => problems[problem],
  left: (n: number) => `${n} more features are nearer to uniform.`,
  nonFinite: (n: string) => `${n} values of samples or densities are not finite.`,
  level: 'level',
  histogram: (name: string) => `Ranks of ${name}`,
  predictive: 'Posterior predictive',
  predictiveNote: (pairs: string) => `${pairs} held-out examples, and one sample for the condition of each`,
  predictiveOk: (distance: string, high: string, p: string) =>
    `Examples and samples are ${distance} apart (0: the same, 1: nothing in common); calibrated flows up to ${high}, 99%; p ${p}.`,
  predictiveOff: (distance: string, high: string, p: string) =>
    `Examples and samples are ${distance} apart, more than calibrated flows: up to ${high}, 99%; p ${p}.`,
  noPredictive: 'Hardly any sample is finite.',
  spreadOf: (name: string) => `Spread of ${name}`,
  drawnBoth: 'samples filled, examples as a line',
};

export const german: typeof english = {
  tab: 'Kalibrierung',
  unit: 'Paaren',
  pairs: 'Paare',
  draws: 'Samples je Paar',
  cost: (pairs, draws, samples) =>
    `Nimmt ${pairs} zurückgehaltene Beispiele mit ihren Bedingungen, zieht zu jedem ${draws} Samples und sieht nach, wo die wahren Werte unter ihnen stehen: ${samples} Samples, jedes einmal bewertet.`,
  onTrain: 'Zurückgehaltene Beispiele gibt es nicht: mit diesen wurde trainiert, das Ergebnis ist geschönt.',
  noData: 'Keine Beispiele zum Vergleichen',
  noDataWhy: 'Kalibrierung braucht Beispiele der Daten mit ihren Bedingungen.',
  notRun: 'Sind die Samples verteilt wie die Wahrheit?',
  failed: 'Die Kalibrierung ist gescheitert',
  about: (pairs, draws, split) => `${pairs} Paare (${split}), je ${draws} Samples`,
  ranks: 'Ränge der Wahrheit',
  ranksNote: 'SBC; Band: 99 % kalibrierter Flows',
  coverage: 'Abdeckung',
  tarp: 'TARP-Test',
  bandNote: 'Anteil innerhalb, je Niveau; Band 99 %',
  ranksOk: (name, p, limit) =>
    `Kein Merkmal weicht ab: das kleinste p ist ${p} (${name}), die Grenze ${limit}.`,
  ranksOff: (name, problem, distance, p, off, of) =>
    `${name} weicht am meisten ab, ${problem}: Abstand ${distance}, p ${p}; ${off} von ${of} weichen ab.`,
  holds: (found, low, high) => `90-%-Regionen enthalten ${found}; kalibrierte Flows ${low} bis ${high}`,
  onlyAtThisLevel: 'außerhalb nur auf diesem Niveau: alle zusammen weichen nicht ab',
  test: (distance, p) => `Abstand ${distance}, p ${p}`,
  problem: (problem) => germanProblems[problem],
  left: (n) => `${n} weitere Merkmale sind näher an der Gleichverteilung.`,
  nonFinite: (n) => `${n} Werte von Samples oder Dichten sind nicht endlich.`,
  level: 'Niveau',
  histogram: (name) => `Ränge von ${name}`,
  predictive: 'Prädiktive Verteilung',
  predictiveNote: (pairs) =>
    `${pairs} zurückgehaltene Beispiele und ein Sample zur Bedingung jedes einzelnen`,
  predictiveOk: (distance, high, p) =>
    `Beispiele und Samples sind ${distance} auseinander (0: gleich, 1: nichts gemeinsam); kalibrierte Flows bis ${high}, 99 %; p ${p}.`,
  predictiveOff: (distance, high, p) =>
    `Beispiele und Samples sind ${distance} auseinander, mehr als kalibrierte Flows: bis ${high}, 99 %; p ${p}.`,
  noPredictive: 'Kaum ein Sample ist endlich.',
  spreadOf: (name) => `Verteilung von ${name}`,
  drawnBoth: 'Samples gefüllt, Beispiele als Linie',
};

export const text = inLanguage(english, german);
