/** Checks that several sections of the config share. */
import * as v from 'valibot';

export const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Features or feature maps of a hidden layer; more would be a mistake, or a file that means harm. */
export const layerWidth = v.pipe(positiveInteger, v.maxValue(65536));
export const widths = v.pipe(v.array(layerWidth), v.maxLength(64));
export const nonNegativeInteger = v.pipe(v.number(), v.integer(), v.minValue(0));
export const nonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
export const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
export const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

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
export const slope = optional(
  'Slope of leaky-relu below zero.',
  v.pipe(v.number(), v.minValue(0), v.ltValue(1)),
  0.01,
);
