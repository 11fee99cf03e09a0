/** Texts of this feature, in English and in German. */
import type { CheckName } from '../../../src/protocol/findings';
import { count } from '../../base/format/numbers';
import { inLanguage } from '../../base/format/language';

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

export const english = {
  whereBits: 'Where the bits go',
  whereNats: 'Where the nats go',
  runningSum: (unit: string) => `${unit}, running sum`,
  logDets: 'Log-det by layer',
  logDetsNote: (examples: number) => `nats, ${count(examples)} examples and mean`,
  howLikely: 'How likely is x',
  howLikelyAxis: (unit: string) => `log p(x), ${unit} →`,
  howLikelyLine: 'line train',
  howLikelyFill: (name: string) => `fill ${name}`,
  howLikelyOfSamples: 'fill samples, temperature 1',
  isNormal: 'Is z normal',
  isOfBase: 'Is z of its base',
  isNormalNote: (std: string, kurtosis: string) => `sd ${std}, kurtosis ${kurtosis}`,
  zQuantile: 'z quantile',
  normalQuantile: 'normal quantile',
  isExact: 'Is the inverse exact',
  isExactNote: 'largest |x̂ − x|; ○ layer alone; ┄\u00a0float32 ε',
  goTo: (name: string) => `Go to ${name}`,
  copyReport: 'Copy report',
  findingsLabel: 'Findings',
  findingsBusy: 'Looking for what may be wrong…',
  checksShown: (n: number, examples: number) => `${n} checks without a finding, ${count(examples)} examples`,
  notLookedAt: 'Not looked at',
  try: 'Try:',
  lookAt: (name: string) => `Look at ${name}`,
  alsoIn: 'Also in',
  checks: {
    nonFinite: 'NaN and Inf',
    samples: 'Samples against the data',
    scaleSize: 'Size of scales',
    saturation: 'Saturated scales',
    outsideSpline: 'Outside of splines',
    deadConditioner: 'Dead networks',
    deadUnits: 'Dead units',
    normStatistics: 'Batch norm statistics',
    modes: 'Training against use',
    latents: 'Latents against the prior',
    inverse: 'Exact inverse',
    overfitting: 'Overfitting',
  },
  theSamples: 'samples',
  lessLikelyThan: (parts: readonly Share[]) =>
    isLikeliest(parts)
      ? `At least as likely as all of ${namesOf(parts)}`
      : `Less likely than ${parts.map(({ name, share }) => `${amount(share)} of ${name}`).join(', ')}`,
  comparedWith: (name: string) => `dashes ${name}`,
  byRunning: 'by running statistics',
};

const checks: Record<CheckName, string> = {
  nonFinite: 'NaN und Inf',
  samples: 'Samples und Daten',
  scaleSize: 'Größe der Skalierung',
  saturation: 'Gesättigte Skalierung',
  outsideSpline: 'Außerhalb der Splines',
  deadConditioner: 'Tote Netze',
  deadUnits: 'Tote Einheiten',
  normStatistics: 'Statistiken der Batch-Norm',
  modes: 'Training und Anwendung',
  latents: 'Latente Werte und Prior',
  inverse: 'Genaue Umkehrung',
  overfitting: 'Überanpassung',
};

const germanAmount = amountIn(
  'keine',
  'alle',
  (percent) => `weniger als ${percent}`,
  (percent) => `mehr als ${percent}`,
  ' %',
);

export const german: typeof english = {
  whereBits: 'Wo die Bits bleiben',
  whereNats: 'Wo die Nats bleiben',
  runningSum: (unit: string) => `${unit}, laufende Summe`,
  logDets: 'Log-det nach Schicht',
  logDetsNote: (examples: number) => `Nats, ${count(examples)} Beispiele und Mittel`,
  howLikely: 'Wie wahrscheinlich ist x',
  howLikelyAxis: (unit) => `log p(x), ${unit} →`,
  howLikelyLine: 'Linie Training',
  howLikelyFill: (name) => `Fläche ${name === 'validation' ? 'Validierung' : name}`,
  howLikelyOfSamples: 'Fläche Samples, Temperatur 1',
  isNormal: 'Ist z normalverteilt',
  isOfBase: 'Folgt z der Basis',
  isNormalNote: (std: string, kurtosis: string) => `Std. ${std}, Kurtosis ${kurtosis}`,
  zQuantile: 'Quantil von z',
  normalQuantile: 'Normalquantil',
  isExact: 'Ist die Umkehrung exakt',
  isExactNote: 'größtes |x̂ − x|, ab z; ○ allein; ┄\u00a0float32-ε',
  goTo: (name: string) => `Zu ${name}`,
  copyReport: 'Bericht kopieren',
  findingsLabel: 'Befunde',
  findingsBusy: 'Sucht, was nicht stimmt…',
  checksShown: (n, examples) => `${n} Prüfungen ohne Befund, ${count(examples)} Beispiele`,
  notLookedAt: 'Nicht geprüft',
  try: 'Versuch:',
  lookAt: (name) => `${name} ansehen`,
  alsoIn: 'Auch in',
  checks,
  theSamples: 'Samples',
  lessLikelyThan: (parts) =>
    isLikeliest(parts)
      ? `Mindestens so wahrscheinlich wie alle von ${namesOf(parts)}`
      : `Unwahrscheinlicher als ${parts.map(({ name, share }) => `${germanAmount(share)} von ${name}`).join(', ')}`,
  comparedWith: (name) => `gestrichelt ${name}`,
  byRunning: 'mit laufenden Statistiken',
};

export const text = inLanguage(english, german);
