/** What an image flow is given, which libraries leave to their users. */
import type { ImageModelConfig } from '../../config/schema';

/** For people. */
export function imageInputNote({ dataConstraint, levels, dataRange }: ImageModelConfig): string {
  const share = `(pixels + noise) / ${levels}`;
  const logit = (value: string) => `the logit of ${value}`;
  const words = {
    unit: share,
    centered: `${share} − ½`,
    symmetric: logit(`½ + ${dataRange}·(${share} − ½)`),
    'as-printed': logit(`${1 - dataRange} + ${dataRange}·${share}`),
  }[dataConstraint];
  return `The flow takes images with the channels first, as ${words}.`;
}
