/** Requests to a running training, in control.json of its run folder. */
import * as v from 'valibot';
import { largestLearningRate } from './learning-rate';
import { jsonIn } from '../base/json-parts';
import { UserError } from '../base/user-error';

const expectedRate = `expected more than 0 and at most ${largestLearningRate}`;
const learningRate = v.pipe(
  v.number('expected a number'),
  v.gtValue(0, expectedRate),
  v.maxValue(largestLearningRate, expectedRate),
);

export const controlSchema = v.strictObject({
  action: v.optional(v.picklist(['pause', 'resume', 'stop'], 'expected "pause", "resume" or "stop"')),
  learningRate: v.optional(learningRate),
});

const requestSchema = v.pipe(
  controlSchema,
  v.check(
    ({ action, learningRate: rate }) => action !== undefined || rate !== undefined,
    'expected an action (pause, resume, stop), a learningRate, or both',
  ),
);

export type ControlRequest = v.InferOutput<typeof requestSchema>;

/** A request with its own name, so that its sender can see that it was read. */
export interface NamedRequest extends ControlRequest {
  id: string;
}

/** @throws UserError that names the input and what was expected */
export function checkControl(input: unknown): ControlRequest {
  const result = v.safeParse(requestSchema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const value = path ? issue.input : input;
  const key = issue.type === 'strict_object' && path ? `"${path}" is not known; ` : '';
  throw new UserError(
    key
      ? `${key}a request to a training may have action and learningRate.`
      : `${path ? `${path} is ${JSON.stringify(value)}` : `The request is ${JSON.stringify(value)}`}: ${issue.message}.`,
  );
}

/** @throws UserError for text that is not a request, with the id of the request where it has one */
export function parseControl(text: string): NamedRequest {
  const json = jsonIn(text);
  if (json === undefined) throw new UserError('control.json is not valid JSON.');
  const { id, ...request } =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : { id: '' };
  if (typeof id !== 'string' || id === '')
    throw new UserError('control.json: "id" is missing; expected a text that identifies this request.');
  return { id, ...checkControl(request) };
}
