/** What importers of vector fields have in common: how they are solved, which no file says. */
import { mostFieldFeatures, mostRuns, runsOfStep, type FieldLayer } from '../../config/field-layer';
import type { ImportAnswers, ImportQuestion } from '../../protocol/import';
import { answeredNumber } from './questions';

/** Parts of the time, so that the layers of two flows can be compared. */
const slices = 10;
const solver = 'rk4';

/** @param steps in each slice, unless the user chooses others */
const stepsQuestion = (steps = 10): ImportQuestion => ({
  key: 'steps',
  title: `Steps in each of ${slices} time slices`,
  detail:
    'Libraries solve with steps of any length; Flowscope takes fixed ones, by Runge and Kutta’s method of order 4. More steps are ' +
    'more exact and take longer.',
  answer: {
    kind: 'number',
    default: steps,
    integer: true,
    minimum: 1,
    maximum: mostRuns / slices / runsOfStep[solver],
  },
});

export const fieldQuestions = (steps?: number): readonly ImportQuestion[] => [stepsQuestion(steps)];

/** A field as it is answered to be solved. */
export function fieldOf(
  answers: ImportAnswers,
  times: Pick<FieldLayer, 'data' | 'noise'>,
): Omit<FieldLayer, 'frequencies' | 'net'> {
  return { kind: 'field', ...times, slices, solver, steps: answeredNumber(answers, stepsQuestion()) };
}

/** In words, where there are too many features. */
export const tooManyForField = (features: number): string | undefined =>
  features > mostFieldFeatures
    ? `a vector field of at most ${mostFieldFeatures} features (this one has ${features})`
    : undefined;
