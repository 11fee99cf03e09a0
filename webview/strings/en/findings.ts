/** Texts of findings. Their sentences come in English from the engine. */
import type { Finding } from '../../../src/protocol/findings';
import { count } from '../../base/format/numbers';

/** A translation makes its own sentence, in which the layer is named in its words. */
const englishSentence: (finding: Finding, layer: string) => string = ({ sentence }) => sentence;

export const findings = {
  findingsLabel: 'Findings',
  findingsBusy: 'Looking for what may be wrong…',
  nothingWrong: (examples: number) => `Nothing is wrong in ${count(examples)} examples`,
  somethingWrong: (found: number, examples: number) =>
    `${found === 1 ? '1 finding' : `${found} findings`} in ${count(examples)} examples`,
  checksShown: (n: number) => `${n} checks`,
  notLookedAt: 'Not looked at',
  try: 'Try:',
  lookAt: (name: string) => `Look at ${name}`,
  alsoIn: 'Also in',
  severities: {
    error: 'Error',
    warning: 'Warning',
    notice: 'Notice',
    ok: 'Well',
    skipped: 'Not looked at',
  },
  checks: {
    nonFinite: 'NaN and Inf',
    scaleSize: 'Size of scales',
    saturation: 'Saturated scales',
    deadConditioner: 'Dead networks',
    deadUnits: 'Dead units',
    normStatistics: 'Batch norm statistics',
    modes: 'Training against use',
    latents: 'Latents against the prior',
    inverse: 'Exact inverse',
    overfitting: 'Overfitting',
  },
  sentence: englishSentence,
  advice: ({ advice }: Finding): string | undefined => advice,
};
