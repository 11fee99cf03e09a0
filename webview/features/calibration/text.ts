/** Texts of this feature, in English and in German. */
import type { CalibrationProblem } from '../../../src/protocol/calibration';
import { bilingual } from '../../base/format/numbers';

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

export const text = bilingual({
  tab: ['Calibration', 'Kalibrierung'],
  unit: ['pairs', 'Paaren'],
  pairs: ['Pairs', 'Paare'],
  draws: ['Samples each', 'Samples je Paar'],
  cost: (pairs: string, draws: string, samples: string) => [
    `Takes ${pairs} held-out examples with their conditions, draws ${draws} samples for each and looks where the true values stand among them: ${samples} samples, each scored once.`,
    `Nimmt ${pairs} zurückgehaltene Beispiele mit ihren Bedingungen, zieht zu jedem ${draws} Samples und sieht nach, wo die wahren Werte unter ihnen stehen: ${samples} Samples, jedes einmal bewertet.`,
  ],
  onTrain: [
    'There are no held-out examples: these were trained on, so the result is flattering.',
    'Zurückgehaltene Beispiele gibt es nicht: mit diesen wurde trainiert, das Ergebnis ist geschönt.',
  ],
  noData: ['No examples to compare with', 'Keine Beispiele zum Vergleichen'],
  noDataWhy: [
    'Calibration needs examples of the data with their conditions.',
    'Kalibrierung braucht Beispiele der Daten mit ihren Bedingungen.',
  ],
  notRun: ['Are its samples spread like the truth?', 'Sind die Samples verteilt wie die Wahrheit?'],
  failed: ['Calibration failed', 'Die Kalibrierung ist gescheitert'],
  about: (pairs: string, draws: string, split: string) => [
    `${pairs} ${split} pairs, ${draws} samples each`,
    `${pairs} Paare (${split}), je ${draws} Samples`,
  ],
  ranks: ['Ranks of the truth', 'Ränge der Wahrheit'],
  ranksNote: ['SBC; band: 99% of calibrated flows', 'SBC; Band: 99 % kalibrierter Flows'],
  coverage: ['Coverage', 'Abdeckung'],
  tarp: ['TARP', 'TARP-Test'],
  bandNote: ['truths inside, by level; band 99%', 'Anteil innerhalb, je Niveau; Band 99 %'],
  ranksOk: (name: string, p: string, limit: string) => [
    `No feature is off: the smallest p is ${p} (${name}), the limit ${limit}.`,
    `Kein Merkmal weicht ab: das kleinste p ist ${p} (${name}), die Grenze ${limit}.`,
  ],
  ranksOff: (name: string, problem: string, distance: string, p: string, off: number, of: number) => [
    `${name} is farthest from uniform, ${problem}: distance ${distance}, p ${p}; ${off} of ${of} off.`,
    `${name} weicht am meisten ab, ${problem}: Abstand ${distance}, p ${p}; ${off} von ${of} weichen ab.`,
  ],
  holds: (found: string, low: string, high: string) => [
    `90% regions hold ${found}; calibrated flows ${low} to ${high}`,
    `90-%-Regionen enthalten ${found}; kalibrierte Flows ${low} bis ${high}`,
  ],
  onlyAtThisLevel: [
    'outside at this level alone: all levels together are not off',
    'außerhalb nur auf diesem Niveau: alle zusammen weichen nicht ab',
  ],
  test: (distance: string, p: string) => [`distance ${distance}, p ${p}`, `Abstand ${distance}, p ${p}`],
  problem: (problem: CalibrationProblem) => [problems[problem], germanProblems[problem]],
  left: (n: number) => [
    `${n} more features are nearer to uniform.`,
    `${n} weitere Merkmale sind näher an der Gleichverteilung.`,
  ],
  nonFinite: (n: string) => [
    `${n} values of samples or densities are not finite.`,
    `${n} Werte von Samples oder Dichten sind nicht endlich.`,
  ],
  level: ['level', 'Niveau'],
  histogram: (name: string) => [`Ranks of ${name}`, `Ränge von ${name}`],
});
