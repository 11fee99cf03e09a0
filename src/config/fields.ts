/** Checks that several sections of the config share. */
import * as v from 'valibot';

export const finite = v.pipe(v.number(), v.finite());
export const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
export const countTo = (most: number) => v.pipe(positiveInteger, v.maxValue(most));
/** Features or feature maps of a hidden layer; more would be a mistake, or a file that means harm. */
export const layerWidth = countTo(65536);
export const widths = v.pipe(v.array(layerWidth), v.maxLength(64));
export const nonNegativeInteger = v.pipe(v.number(), v.integer(), v.minValue(0));
export const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
export const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
export const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** A part that is neither nothing nor all. */
export const share = v.pipe(v.number(), v.gtValue(0), v.ltValue(1));
export const belowOne = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

type Described<S extends v.GenericSchema> = v.SchemaWithPipe<
  readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]
>;

/** The schema with words for people, which editors show. */
export function described<const S extends v.GenericSchema>(says: string, schema: S): Described<S> {
  return v.pipe(schema, v.description<v.InferOutput<S>, string>(says));
}

/** The same for a field that may be left out. */
export function optional<const S extends v.GenericSchema>(
  says: string,
  schema: S,
): v.OptionalSchema<Described<S>, undefined>;
export function optional<const S extends v.GenericSchema, const D extends v.Default<Described<S>, undefined>>(
  says: string,
  schema: S,
  fallback: D,
): v.OptionalSchema<Described<S>, D>;
export function optional<S extends v.GenericSchema>(
  says: string,
  schema: S,
  fallback?: v.Default<Described<S>, undefined>,
) {
  return v.optional(described(says, schema), fallback);
}

/** One of several words, the first of which holds where the field is left out. */
export const choice = <const W extends readonly [string, ...string[]]>(says: string, words: W) =>
  v.optional(described(says, v.picklist(words)), words[0]);

/** Yes or no. */
export const flag = (says: string, fallback = false) => optional(says, v.boolean(), fallback);

type Kind<K extends string> = { kind: Described<v.LiteralSchema<K, undefined>> };

/** One kind of a variant, with words for people and its fields. */
export function kind<const K extends string>(name: K, says: string): v.StrictObjectSchema<Kind<K>, undefined>;
export function kind<const K extends string, const F extends v.ObjectEntries>(
  name: K,
  says: string,
  fields: F,
): v.StrictObjectSchema<Kind<K> & F, undefined>;
export function kind(name: string, says: string, fields?: v.ObjectEntries) {
  return v.strictObject({ kind: described(says, v.literal(name)), ...fields });
}

/** Nonlinearity of a conditioner. */
export const activation = v.picklist([
  'relu',
  'tanh',
  'leaky-relu',
  'elu',
  'silu',
  'hard-silu',
  'gelu',
  'mish',
  'selu',
  'sigmoid',
  'softplus',
]);
export const slope = optional('Slope of leaky-relu below zero.', belowOne, 0.01);
