/**
 * Kinds of transforms that take as many values a feature as a rational-quadratic spline, so that they leave the same tensors.
 * Such a file is taken for splines and the other kinds are named, but where another kind is as likely it is refused until
 * the user says what it is.
 */
import path from 'node:path';
import { shortened, UserError } from '../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { savedArgument } from './module-facts';
import { choice, undecided } from './questions';
import { knownMaps, type FeatureMap } from './splines';
import type { TensorFile } from './types';

/** What one library has. */
interface Kinds {
  name: string;
  /** The key of the question. */
  key: string;
  /** Class of the splines, which are computed. */
  spline: string;
  splineLabel(bins: number): string;
  /** What else takes so many values a feature, in the plural; none of it is computed. */
  others(values: number): { value: string; label: string }[];
  /** Values a feature at which another kind is as likely as splines. */
  askedAt?: readonly number[];
}

const valuesOf = (bins: number): number => 3 * bins - 1;

export class SplineKinds {
  constructor(private readonly kinds: Kinds) {}

  /** None without splines. */
  questions(file: TensorFile, { bins }: FeatureMap): ImportQuestion[] {
    if (bins === undefined) return [];
    const { key, spline, splineLabel, others, askedAt = [] } = this.kinds;
    const values = valuesOf(bins);
    const label = `${splineLabel(bins)}, not ${this.otherWords(values, ' or ')}`;
    return [
      choice(
        key,
        'Transform of each feature',
        `All of these take ${values} values a feature, and leave the same tensors. Flowscope computes the first one alone.`,
        [{ value: spline, label }, ...others(values)],
        askedAt.includes(values) && !this.isSpline(file, bins) ? undecided : spline,
      ),
    ];
  }

  /** @throws UserError where the file holds what is not computed, or may, with how to say that it does not */
  check(tensorFile: TensorFile, { bins }: FeatureMap, answers: ImportAnswers): void {
    if (bins === undefined) return;
    const { name, key, spline, splineLabel, others } = this.kinds;
    const answer =
      answers[key] ?? this.questions(tensorFile, { transform: 'rationalQuadratic', bins })[0]!.answer.default;
    if (answer === spline) return;
    const { file } = tensorFile;
    const values = valuesOf(bins);
    const [splines, taken] = [splineLabel(bins), others(values).find(({ value }) => value === answer)];
    const what = taken
      ? `which is taken for ${taken.label}. Flowscope does not compute these.`
      : `which fits ${splines} as well as ${this.otherWords(values, ' and ')} of ${name}. ` +
        'Flowscope computes the first alone.';
    throw new UserError(
      `${file}: Its networks give ${values} values a feature, ${what} ` +
        `If they are ${splines}, write {"answers": {"${key}": "${spline}"}} to ${shortened(path.basename(file))}.flowscope.json ` +
        `beside it, choose that in "Change How This File Is Read", or give convert --set ${key}=${spline}. ` +
        'Otherwise record the flow in Python with flowscope.record, and open the recording.',
    );
  }

  /** After "gives 20 values for 2 features; ": what is computed, and what a network that gives so many may be for. */
  knownFor(values: number): string {
    if (!Number.isInteger(values) || values < 3) return knownMaps;
    return `known are 1, 2 and 3·bins − 1 for each; ${values} are of ${this.otherWords(values, ' or ')}`;
  }

  private otherWords(values: number, between: string): string {
    return this.kinds
      .others(values)
      .map(({ label }) => label)
      .join(between);
  }

  /** Whether something besides the tensors says so: the bins that a script saved, or how to build what Flowscope wrote. */
  private isSpline({ extras }: TensorFile, bins: number): boolean {
    const build = extras['build'];
    if (typeof build === 'string' && /\b(NC?SF|MonotonicRQSTransform|\w*RationalQuadratic\w*)\b/.test(build))
      return true;
    return savedArgument(extras, ['bins', 'num_bins']) === bins;
  }
}
