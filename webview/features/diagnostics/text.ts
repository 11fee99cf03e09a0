/** Texts of this feature, in English and in German. */
import type { CheckName } from '../../../src/protocol/findings';
import { count, bilingual, type Both } from '../../base/format/numbers';

type Share = Readonly<{ name: string; share: number }>;

/** All, none or about so many: what is rounded to 0% or 100% is neither. */
const amountIn =
  (
    none: string,
    all: string,
    under: (percent: string) => string,
    over: (percent: string) => string,
    sign: string,
  ) =>
  (share: number): string => {
    if (share === 0 || share === 1) return share === 0 ? none : all;
    if (share < 0.01) return under(`1${sign}`);
    return share > 0.99 ? over(`99${sign}`) : `${Math.round(100 * share)}${sign}`;
  };

const amount = amountIn(
  'none',
  'all',
  (percent) => `less than ${percent}`,
  (percent) => `more than ${percent}`,
  '%',
);

const namesOf = (parts: readonly Share[]): string => parts.map(({ name }) => name).join(', ');
const isLikeliest = (parts: readonly Share[]): boolean => parts.every(({ share }) => share === 0);

const germanAmount = amountIn(
  'keine',
  'alle',
  (percent) => `weniger als ${percent}`,
  (percent) => `mehr als ${percent}`,
  ' %',
);

/** Where an example stands among others. */
export const lessLikelyThan = (parts: readonly Share[]) =>
  [
    isLikeliest(parts)
      ? `At least as likely as all of ${namesOf(parts)}`
      : `Less likely than ${parts.map(({ name, share }) => `${amount(share)} of ${name}`).join(', ')}`,
    isLikeliest(parts)
      ? `Mindestens so wahrscheinlich wie alle von ${namesOf(parts)}`
      : `Unwahrscheinlicher als ${parts.map(({ name, share }) => `${germanAmount(share)} von ${name}`).join(', ')}`,
  ] as const;

export const text = bilingual({
  whereBits: ['Where the bits go', 'Wo die Bits bleiben'],
  whereNats: ['Where the nats go', 'Wo die Nats bleiben'],
  meanOf: (examples: number) => [`mean of ${count(examples)}`, `Mittel aus ${count(examples)}`],
  runningSum: (unit: string) => [`${unit}, running sum`, `${unit}, laufende Summe`],
  logDets: ['Log-det by layer', 'Log-det nach Schicht'],
  logDetsNote: (examples: number) => [
    `nats, ${count(examples)} examples and mean`,
    `Nats, ${count(examples)} Beispiele und Mittel`,
  ],
  howLikely: ['How likely is x', 'Wie wahrscheinlich ist x'],
  howLikelyAxis: (unit: string) => `log p(x), ${unit} →`,
  howLikelyLine: ['line train', 'Linie Training'],
  howLikelyFill: (name: string) => [`fill ${name}`, `Fläche ${name === 'validation' ? 'Validierung' : name}`],
  howLikelyOfSamples: ['fill samples, temperature 1', 'Fläche Samples, Temperatur 1'],
  isNormal: ['Is z normal', 'Ist z normalverteilt'],
  isOfBase: ['Is z of its base', 'Folgt z der Basis'],
  isNormalNote: (std: string, kurtosis: string) => [
    `sd ${std}, kurtosis ${kurtosis}`,
    `Std. ${std}, Kurtosis ${kurtosis}`,
  ],
  zQuantile: ['z quantile', 'Quantil von z'],
  normalQuantile: ['normal quantile', 'Normalquantil'],
  isExact: ['Is the inverse exact', 'Ist die Umkehrung exakt'],
  isExactNote: [
    'largest |x̂ − x|; ○ layer alone; ┄\u00a0float32 ε',
    'größtes |x̂ − x|, ab z; ○ allein; ┄\u00a0float32-ε',
  ],
  goTo: (name: string) => [`Go to ${name}`, `Zu ${name}`],
  copyReport: ['Copy report', 'Bericht kopieren'],
  findingsLabel: ['Findings', 'Befunde'],
  findingsBusy: ['Looking for what may be wrong…', 'Sucht, was nicht stimmt…'],
  checksShown: (n: number, examples: number) => [
    `${n} checks without a finding, ${count(examples)} examples`,
    `${n} Prüfungen ohne Befund, ${count(examples)} Beispiele`,
  ],
  notLookedAt: ['Not looked at', 'Nicht geprüft'],
  try: ['Try:', 'Versuch:'],
  lookAt: (name: string) => [`Look at ${name}`, `${name} ansehen`],
  alsoIn: ['Also in', 'Auch in'],
  checks: {
    nonFinite: ['NaN and Inf', 'NaN und Inf'],
    samples: ['Samples against the data', 'Samples und Daten'],
    scaleSize: ['Size of scales', 'Größe der Skalierung'],
    saturation: ['Saturated scales', 'Gesättigte Skalierung'],
    outsideSpline: ['Outside of splines', 'Außerhalb der Splines'],
    deadConditioner: ['Dead networks', 'Tote Netze'],
    deadUnits: ['Dead units', 'Tote Einheiten'],
    normStatistics: ['Batch norm statistics', 'Statistiken der Batch-Norm'],
    modes: ['Training against use', 'Training und Anwendung'],
    latents: ['Latents against the prior', 'Latente Werte und Prior'],
    inverse: ['Exact inverse', 'Genaue Umkehrung'],
    overfitting: ['Overfitting', 'Überanpassung'],
  } satisfies Record<CheckName, Both>,
  theSamples: ['samples', 'Samples'],
  lessLikelyThan,
  comparedWith: (name: string) => [`dashes ${name}`, `gestrichelt ${name}`],
  byRunning: ['by running statistics', 'mit laufenden Statistiken'],
});
