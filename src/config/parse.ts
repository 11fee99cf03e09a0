import { isSolved } from './field-layer';
import * as v from 'valibot';
import { expectation, knownKeys, schemaAt, type Path } from './expected';
import { parseJsonText } from './json-text';
import { nearest } from './nearest';
import { dataSchema } from './data-section';
import {
  runConfigSchema,
  storedConfigSchema,
  type DataConfig,
  type RunConfig,
  type StoredConfig,
} from './schema';
import { shortened, shownValue } from '../base/user-error';
import { problemsError, type Problem } from './problem';
import { checkImage } from './check-image';
import { checkTransformOfModel } from './check-transform';
import { checkTarget } from './check-target';
import { checkVector } from './check-vector';
import { columnTransform, transformForms } from './standardization';

/**
 * Checks a config and fills in defaults.
 * @param input JSON text, or what was parsed from it
 * @param fileName named in the messages
 * @throws UserError listing all problems, for example
 *   `digits.json: model.scales: expected an integer ≥ 1 and ≤ 8, got "two"`
 */
export function parseRunConfig(input: unknown, fileName: string): RunConfig {
  return parseWhole(runConfigSchema, input, fileName);
}

/** The same for what a checkpoint carries, which may lack the data. */
export function parseStoredConfig(input: unknown, fileName: string): StoredConfig {
  return parseWhole(storedConfigSchema, input, fileName);
}

/** The config of a run: it has data, unless it is trained on a target alone. */
export function parseTrainedConfig(input: unknown, fileName: string): StoredConfig {
  const config = parseStoredConfig(input, fileName);
  return config.data || config.training.objective === 'reverseKl' ? config : parseRunConfig(config, fileName);
}

function parseWhole<C extends StoredConfig>(
  schema: v.GenericSchema<unknown, C>,
  input: unknown,
  fileName: string,
): C {
  const value = typeof input === 'string' ? parseJsonText(input, fileName) : input;
  const config = parseAs(schema, value, '', fileName);
  const together = checkTogether(config);
  if (together.length > 0) throw problemsError(fileName, together);
  return config;
}

/** The same for the part that says which data to read. */
export function parseDataConfig(input: unknown, fileName: string): DataConfig {
  return parseAs(dataSchema, input, 'data', fileName);
}

/** By any schema of strict objects. @param prefix names joined by dots that stand before those in messages */
export function parseAs<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  prefix: string,
  fileName: string,
): v.InferOutput<S> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw problemsError(fileName, [
      { path: prefix, message: `expected an object, got ${shownValue(value)}` },
    ]);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = [...unknownKeys(schema, value, []), ...invalidValues(schema, value, result.issues)];
  throw problemsError(
    fileName,
    problems.map(({ path, message }) => ({
      path: [prefix, path].filter((part) => part !== '').join('.'),
      message,
    })),
  );
}

/** Problems listed for one object or value; more would not help. */
const mostProblems = 20;

/** As many as are named; the validator itself stops at the first in each object. */
function unknownKeys(schema: v.GenericSchema, value: unknown, path: Path): Problem[] {
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, i) => {
      const at = schemaAt(schema, value, [i]);
      return at ? unknownKeys(at, item, [...path, i]) : [];
    });
    return inside.slice(0, mostProblems);
  }
  const known = knownKeys(schema, value);
  if (!known || typeof value !== 'object' || value === null) return [];
  const names = Object.keys(known);
  const inside = names
    .filter((key) => Object.hasOwn(value, key))
    .flatMap((key) => unknownKeys(known[key]!, (value as Record<string, unknown>)[key], [...path, key]));
  const unknown = Object.keys(value)
    .filter((key) => !Object.hasOwn(known, key))
    .slice(0, mostProblems)
    .map((key) => {
      const near = nearest(key, names);
      const advice = near ? `did you mean "${near}"?` : `known are ${names.join(', ')}`;
      return { path: [...path, shortened(key, 60)].join('.'), message: `unknown setting; ${advice}` };
    });
  return [...unknown, ...inside];
}

const keysOf = ({ path }: v.BaseIssue<unknown>): (string | number)[] =>
  (path ?? []).map((item) => item.key as string | number);

/** What is wrong inside of an object that is one of several things, instead of that it is none of them. */
function inUnion(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  const { path } = issue;
  const inside = (issue.issues ?? []).filter((one) => one.path);
  if (!path || inside.length === 0) return [issue];
  return inside.map((one) => ({ ...one, path: [...path, ...one.path!] }));
}

function invalidValues(
  schema: v.GenericSchema,
  value: unknown,
  issues: readonly v.BaseIssue<unknown>[],
): Problem[] {
  const byPath = new Map<string, Problem>();
  for (const issue of issues.flatMap(inUnion)) {
    if (issue.expected === 'never') continue;
    if (byPath.size === mostProblems) break;
    const keys = keysOf(issue);
    const path = keys.join('.');
    const at = schemaAt(schema, value, keys);
    const expected = at ? expectation(at, keys.at(-1)) : (issue.expected ?? 'something else');
    const got = issue.path ? issue.path.at(-1)!.value : issue.input;
    const message =
      got === undefined ? `missing; expected ${expected}` : `expected ${expected}, got ${shownValue(got)}`;
    if (!byPath.has(path)) byPath.set(path, { path, message });
  }
  return [...byPath.values()];
}

/** What single fields cannot tell: settings that do not go together. */
function checkTogether(config: StoredConfig): Problem[] {
  const { data, model, training } = config;
  const problems = [
    ...(model.kind === 'image' ? checkImage(model) : checkVector(model)),
    ...checkTransformOfModel(model),
    ...checkTarget(config),
  ];
  const add = (path: string, message: string) => problems.push({ path, message });
  if (training.warmupSteps >= training.steps)
    add(
      'training.warmupSteps',
      `expected fewer than the ${training.steps} steps, got ${training.warmupSteps}`,
    );
  if (training.schedule !== 'constant' && training.finalLearningRate > training.learningRate)
    add(
      'training.finalLearningRate',
      `expected at most the learning rate ${training.learningRate}, got ${training.finalLearningRate}`,
    );
  if (training.schedule === 'exponential' && training.finalLearningRate === 0)
    add(
      'training.finalLearningRate',
      'expected a number > 0 for an exponential schedule, which never reaches 0',
    );
  if (training.patience > 0 && data?.validation === 0)
    add(
      'training.patience',
      'early stopping needs held-out examples; set data.validation above 0 or patience to 0',
    );
  if (data?.missing === 'mean' && !data.standardize)
    add(
      'data.missing',
      'expected "error" or "drop" with data.standardize false, since the means that fill gaps are kept with standardization',
    );
  for (const [column, text] of Object.entries(data?.transforms ?? {})) {
    const expected = model.kind === 'vector' ? transformForms : 'none, since images have no columns';
    if (model.kind === 'vector' && columnTransform(text)) continue;
    add(`data.transforms.${shortened(column, 60)}`, `expected ${expected}, got ${shownValue(text)}`);
  }
  if (training.flips && model.kind === 'vector')
    add('training.flips', 'expected false, since only images can be flipped');
  if (training.pairs !== 'random' && !isSolved(model))
    add('training.pairs', `expected "random", since this flow has no vector field, got "${training.pairs}"`);
  if (training.pairs === 'nearest' && model.context)
    add(
      'training.pairs',
      'expected "random" or "reflow" for a flow with a context: which examples are near to a noise depends on their context, and pairing by it would bias the flow',
    );
  return problems;
}
