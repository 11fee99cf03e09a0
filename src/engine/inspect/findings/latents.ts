import type { Severity } from '../../../protocol/findings';
import { fine, skipped, type Check, short } from './check';
import { momentsOf, normalDistance } from './gaussian';
import type { LatentObservations } from './observations';
import { thresholds } from './thresholds';

type Seen = ReturnType<typeof look>;

/** z against the prior, by the scale at which latents leave. */
export const latents: Check = ({ latents: scales, ofData, count }) => {
  if (!ofData)
    return skipped('ofSamples', 'The batch is of samples, whose latents were drawn from the prior.');
  const seen = scales.filter(({ sorted }) => sorted.length >= 20).map(look);
  const worst = seen.reduce<Seen | undefined>((a, b) => (a && a.excess >= b.excess ? a : b), undefined);
  if (!worst)
    return skipped('tooFew', `${count} examples have too few finite latents to say how they are spread.`);
  const { std, kurtosis, distance, severity, levels } = worst;
  const many = scales.length > 1;
  const values = {
    scale: worst.scale + 1,
    scales: scales.length,
    std,
    kurtosis,
    distance,
    allowedStd: Math.exp(levels.deviation),
    allowedKurtosis: levels.kurtosis,
    allowedDistance: levels.distance,
  };
  const numbers = `standard deviation ${short(std)} (allowed ${short(1 / values.allowedStd)} to ${short(values.allowedStd)}), excess kurtosis ${short(kurtosis)} (up to ${short(levels.kurtosis)}), distance of the distributions ${short(distance)} (up to ${short(levels.distance)})`;
  const at = many ? ` of scale ${worst.scale + 1}` : '';
  if (severity === 'ok') {
    const sentence = `Latents are close to the prior; furthest those${at}: ${numbers}.`;
    return fine('normal', sentence, values);
  }
  const wide = std > values.allowedStd;
  const narrow = std < 1 / values.allowedStd;
  return {
    severity,
    kind: wide ? 'wide' : narrow ? 'narrow' : 'shape',
    sentence: `Latents${at} are ${wide ? 'spread wider than' : narrow ? 'spread less than' : 'not shaped like'} the prior: ${numbers}.`,
    advice: wide
      ? 'These data are less likely than what the flow was trained on: look for overfitting below, and whether they are prepared alike. Otherwise train longer.'
      : narrow
        ? 'Samples at temperature 1 leave what the data fill. Train longer; until then sample at a lower temperature.'
        : 'Structure is left in z. Train longer, or give the flow more couplings; for heavy tails look at the least likely examples of the data.',
    values,
  };
};

function look({ scale, sorted }: LatentObservations) {
  const n = sorted.length;
  const { std, kurtosis } = momentsOf(sorted);
  const distance = normalDistance(sorted);
  // By chance, four standard errors of the moments of n normal values, and the bound of Dvoretzky, Kiefer and Wolfowitz.
  const chance = {
    deviation: 4 / Math.sqrt(2 * n),
    kurtosis: 4 * Math.sqrt(24 / n),
    distance: Math.sqrt(Math.log(2 / thresholds.latents.alpha) / (2 * n)),
  };
  const reach = (level: 'notice' | 'warning') => {
    const { deviation, kurtosis: tails, distance: far } = thresholds.latents[level];
    const levels = {
      deviation: deviation + chance.deviation,
      kurtosis: tails + chance.kurtosis,
      distance: far + chance.distance,
    };
    // How far above the level, at the worst of the three.
    const excess = Math.max(
      Math.abs(Math.log(std)) / levels.deviation,
      Math.abs(kurtosis) / levels.kurtosis,
      distance / levels.distance,
    );
    return { levels, excess };
  };
  const notice = reach('notice');
  const severity: Severity = reach('warning').excess >= 1 ? 'warning' : notice.excess >= 1 ? 'notice' : 'ok';
  return { scale, std, kurtosis, distance, severity, ...notice };
}
