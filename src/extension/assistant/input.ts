/** What a language model hands over, checked. The manifest states the same as JSON schemas. */
import * as v from 'valibot';
import { UserError } from '../../base/user-error';
import type { ToolName } from './tool-names';

const text = v.pipe(v.string(), v.trim(), v.nonEmpty());
const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const column = v.union([v.string(), v.number()]);

export const inputSchemas = {
  flowscope_summarizeCheckpoint: v.strictObject({ path: text }),
  flowscope_scoreFile: v.strictObject({
    path: text,
    data: v.optional(text),
    split: v.optional(v.picklist(['train', 'validation'])),
    array: v.optional(v.string()),
    columns: v.optional(v.array(column)),
    labelColumn: v.optional(column),
    layout: v.optional(v.picklist(['nhwc', 'nchw'])),
    draws: v.optional(whole(1, 64), 1),
    seed: v.optional(whole(0, 2 ** 31 - 1), 0),
    leastLikely: v.optional(whole(0, 50), 5),
  }),
  flowscope_findNonFinite: v.strictObject({
    path: text,
    data: v.optional(text),
    example: v.optional(whole(0, 2 ** 31 - 1), 0),
    count: v.optional(whole(2, 4096), 64),
  }),
} satisfies Record<ToolName, v.GenericSchema>;

export type ToolInput<N extends ToolName> = v.InferOutput<(typeof inputSchemas)[N]>;

/** @throws UserError naming each parameter that is wrong, with its value and the expected one */
export function checkInput<N extends ToolName>(name: N, input: unknown): ToolInput<N> {
  const result = v.safeParse(inputSchemas[name], input ?? {});
  if (result.success) return result.output;
  const wrong = result.issues.map((issue) => {
    const at = issue.path?.map(({ key }) => String(key)).join('.') ?? 'input';
    return `"${at}" is ${issue.received}; expected ${issue.expected ?? issue.message}`;
  });
  throw new UserError(
    `The input of ${name} is wrong: ${wrong.join('. ')}. Its parameters: ${Object.keys(inputSchemas[name].entries).join(', ')}.`,
  );
}
