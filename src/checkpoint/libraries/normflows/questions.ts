/** What state dicts of normflows leave open, of vectors and images. */
import type { ImportQuestion } from '../../../protocol/import';
import { choice } from '../../import/questions';

export const slopeQuestion: ImportQuestion = {
  key: 'slope',
  title: 'Slope of LeakyReLU',
  detail:
    'The `leaky` argument of the networks (nf.nets.MLP, ConvNet2d), which a state dict does not hold. 0 is ReLU.',
  answer: { kind: 'number', default: 0, minimum: 0, maximum: 0.999 },
};

/** Asked where the networks of s and t are not alike, or a whole model says it. */
export const shiftSlopeQuestion: ImportQuestion = {
  key: 'shiftSlope',
  title: 'Slope of LeakyReLU in the networks of t',
  detail:
    'The `leaky` argument of the networks of t, which are not those of s in size, and may be others in that as well; `slope` is that of s.',
  answer: slopeQuestion.answer,
  required: true,
};

const maps = ['exp', 'sigmoid', 'sigmoid_inv'] as const;

/** @param fallback default of the library: exp in AffineCouplingBlock, sigmoid in GlowBlock */
export function scaleMapQuestion(fallback: (typeof maps)[number] = 'exp'): ImportQuestion {
  return choice(
    'scaleMap',
    'Scale map of the coupling blocks',
    'The `scale_map` argument of the blocks. With another one all numbers are wrong.',
    maps.map((value) => ({ value, label: value })),
    fallback,
  );
}
