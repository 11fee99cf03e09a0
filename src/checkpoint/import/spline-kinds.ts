/**
 * Kinds of transforms that take as many values a feature as a rational-quadratic spline, so that they leave the same tensors.
 * Such a file is taken for splines and the other kinds are named, but where another kind is as likely, or no spline takes so
 * many values, it is refused until the user says what it is.
 */
import path from 'node:path';
import { shortened, UserError } from '../../base/user-error';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { savedArgument } from './module-facts';
import { choice, undecided } from './questions';
import { knownMaps } from './splines';
import type { TensorFile } from './types';

interface Option {
  value: string;
  label: string;
}

interface Other extends Option {
  computed?: boolean;
  /** The kinds among which the question chooses, where it is more than one. */
  parts?: readonly Option[];
}

/** What one library has. */
interface Kinds {
  name: string;
  /** The key of the question. */
  key: string;
  /** Class of the splines, which are computed. */
  spline: string;
  splineLabel(bins: number): string;
  /** What else takes so many values a feature, in the plural. */
  others(values: number): Other[];
  /** Values a feature at which another kind is as likely as splines. */
  askedAt?: readonly number[];
}

/** How many bins if they are splines, or how many values if they are not. */
export interface Taken {
  bins?: number;
  values?: number;
  /** Which it is likely to be, where something besides the number of values says so. */
  likely?: string | undefined;
}

const valuesOf = ({ bins, values }: Taken): number | undefined =>
  values ?? (bins === undefined ? undefined : 3 * bins - 1);

export class SplineKinds {
  constructor(private readonly kinds: Kinds) {}

  /** None for other transforms. */
  questions(file: TensorFile, taken: Taken): ImportQuestion[] {
    const values = valuesOf(taken);
    if (values === undefined) return [];
    const { bins, likely } = taken;
    const { key, spline, askedAt = [] } = this.kinds;
    const [first, ...others] = this.options(taken);
    const undecidable = bins === undefined || (askedAt.includes(values) && !this.isSpline(file, bins));
    const label =
      bins === undefined ? first!.label : `${first!.label}, not ${this.otherWords(values, ' or ')}`;
    return [
      choice(
        key,
        'Transform of each feature',
        `All of these take ${values} values a feature, and leave the same tensors. Flowscope computes ${this.computedWords(taken)}.`,
        [{ ...first!, label }, ...others],
        likely ?? (undecidable ? undecided : spline),
      ),
    ];
  }

  /**
   * What they are; undefined for other transforms.
   * @throws UserError where the file holds what is not computed, or may, with how to say that it does not
   */
  check(tensorFile: TensorFile, taken: Taken, answers: ImportAnswers): string | undefined {
    const values = valuesOf(taken);
    if (values === undefined) return undefined;
    const { name, key } = this.kinds;
    const answer = answers[key] ?? this.questions(tensorFile, taken)[0]!.answer.default;
    const computed = this.computedOf(taken);
    const options = this.options(taken);
    const [, ...rest] = options;
    const found = options.find(({ value }) => value === answer);
    if (computed.some(({ value }) => value === answer)) return answer as string;
    const { file } = tensorFile;
    const what = found
      ? `which is taken for ${found.label}. Flowscope does not compute these.`
      : `which fits ${options[0]!.label} as well as ${rest.map(({ label }) => label).join(' and ')} of ${name}. ` +
        `Flowscope computes ${this.computedWords(taken)}.`;
    const ways = computed.map(({ value, label }, i) => {
      const where = i === 0 ? ` to ${shortened(path.basename(file))}.flowscope.json beside it` : '';
      return `If they are ${label}, write {"answers": {"${key}": "${value}"}}${where}, choose that in "Change How This File Is Read", or give convert --set ${key}=${value}. `;
    });
    throw new UserError(
      `${file}: Its networks give ${values} values a feature, ${what} ${ways.join('')}` +
        'Otherwise record the flow in Python with flowscope.record, and open the recording.',
    );
  }

  /** After "gives 20 values for 2 features; ": what is computed, and what a network that gives so many may be for. */
  knownFor(values: number): string {
    if (!Number.isInteger(values) || values < 3) return knownMaps;
    return `known are 1, 2 and 3·bins − 1 for each; ${values} are of ${this.otherWords(values, ' or ')}`;
  }

  /** The splines first, where it may be splines; then what is computed. */
  private options(taken: Taken): (Option & { computed: boolean })[] {
    const { spline, splineLabel, others } = this.kinds;
    const { bins } = taken;
    const all = [
      ...(bins === undefined ? [] : [{ value: spline, label: splineLabel(bins), computed: true }]),
      ...others(valuesOf(taken)!).flatMap(({ parts, ...other }) =>
        parts ? parts.map((part) => ({ computed: true, ...part })) : [{ computed: false, ...other }],
      ),
    ];
    return all.toSorted((a, b) => Number(b.computed) - Number(a.computed));
  }

  private computedOf(taken: Taken): Option[] {
    return this.options(taken).filter(({ computed }) => computed);
  }

  private computedWords(taken: Taken): string {
    const [all, computed] = [this.options(taken), this.computedOf(taken)];
    if (computed.length === all.length) return 'all of them';
    return computed.length === 1 ? 'the first one alone' : `the first ${computed.length} alone`;
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
