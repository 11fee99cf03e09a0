/** What a valibot schema asks for, in words, and where in it a path leads. */
import type * as v from 'valibot';

interface Step {
  kind: string;
  type: string;
  requirement?: unknown;
  message?: unknown;
  pipe?: readonly Step[];
}

type AnySchema = v.GenericSchema & {
  pipe?: readonly Step[];
  wrapped?: AnySchema;
  item?: AnySchema;
  entries?: Record<string, AnySchema>;
  options?: readonly unknown[];
  key?: string;
  literal?: unknown;
};

export type Path = readonly (string | number)[];

/** Wrappers of optional fields taken off. */
function unwrap(schema: AnySchema): AnySchema {
  let inner = schema;
  while (inner.wrapped) inner = inner.wrapped;
  return inner;
}

/** The same, and of a union with objects those for an object. */
function ruling(schema: AnySchema, value: unknown): AnySchema {
  const inner = unwrap(schema);
  const options = inner.type === 'union' && isRecord(value) ? (inner.options as AnySchema[]) : [];
  return options.find(({ type }) => type === 'variant') ?? inner;
}

/** The alternative that the value's discriminator names. */
function alternative(schema: AnySchema, value: unknown): AnySchema | undefined {
  const kind = isRecord(value) ? value[schema.key!] : undefined;
  return (schema.options as AnySchema[]).find((option) => option.entries?.[schema.key!]?.literal === kind);
}

/** The object schema that rules a value, if one does. */
function objectSchema(schema: AnySchema, value: unknown): AnySchema | undefined {
  const inner = ruling(schema, value);
  const chosen = inner.type === 'variant' ? alternative(inner, value) : inner;
  return chosen?.entries ? chosen : undefined;
}

/** Names that the value may have. Undefined where the schema is not one of objects. */
export function knownKeys(
  schema: v.GenericSchema,
  value: unknown,
): Record<string, v.GenericSchema> | undefined {
  return objectSchema(schema, value)?.entries;
}

/** The schema of a place within a value. */
export function schemaAt(schema: v.GenericSchema, value: unknown, path: Path): v.GenericSchema | undefined {
  let at: AnySchema | undefined = schema;
  let here = value;
  for (const key of path) {
    if (!at) return undefined;
    const inner = ruling(at, here);
    if (inner.item) {
      at = inner.item;
    } else if (inner.type === 'variant' && key === inner.key && !alternative(inner, here)) {
      return inner;
    } else {
      const entries: Record<string, AnySchema> | undefined = objectSchema(inner, here)?.entries;
      at = entries && Object.hasOwn(entries, key) ? entries[key] : undefined;
    }
    here =
      isRecord(here) || Array.isArray(here) ? (here as Record<string | number, unknown>)[key] : undefined;
  }
  return at;
}

/** A pipe may begin with another pipe. */
function allChecks({ pipe = [] }: { pipe?: readonly Step[] }): Step[] {
  return pipe.flatMap((step) =>
    step.kind === 'schema' ? allChecks(step) : step.kind === 'validation' ? step : [],
  );
}

/** For example "an integer ≥ 1 and ≤ 8", "one of \"relu\", \"tanh\"", "a list of integers ≥ 1". @param key the setting that holds the value */
export function expectation(schema: v.GenericSchema, key?: string | number): string {
  const inner = unwrap(schema);
  const checks = allChecks(inner);
  switch (inner.type) {
    case 'number': {
      const whole = checks.some(({ type }) => type === 'integer');
      const signs: Record<string, string> = { min_value: '≥', gt_value: '>', max_value: '≤', lt_value: '<' };
      const bounds = checks
        .filter(({ type }) => type in signs)
        .map(({ type, requirement }) => `${signs[type]} ${String(requirement)}`);
      return `${whole ? 'an integer' : 'a number'}${bounds.length > 0 ? ` ${bounds.join(' and ')}` : ''}`;
    }
    case 'string': {
      const form = checks.find(({ type }) => type === 'regex')?.message;
      if (typeof form === 'string') return form;
      return checks.some(({ type }) => type === 'min_length') ? 'a text that is not empty' : 'a text';
    }
    case 'boolean':
      return 'true or false';
    case 'literal':
      return JSON.stringify(inner.literal);
    case 'picklist':
      return `one of ${inner.options!.map((option) => JSON.stringify(option)).join(', ')}`;
    case 'union':
      return (inner.options as AnySchema[]).map((option) => expectation(option)).join(', or ');
    case 'variant': {
      const kinds = (inner.options as AnySchema[]).map((option) =>
        JSON.stringify(option.entries?.[inner.key!]?.literal),
      );
      return `${key === inner.key ? '' : `an object whose "${inner.key}" is `}one of ${kinds.join(', ')}`;
    }
    case 'array': {
      const most = checks.find(({ type }) => type === 'max_length')?.requirement;
      const length = [
        ...(checks.some(({ type }) => type === 'min_length') ? ['not empty'] : []),
        ...(most === undefined ? [] : [`of at most ${most as number}`]),
      ].join(' and ');
      return `a list, ${length ? `${length}, ` : ''}each ${expectation(inner.item!)}`;
    }
    case 'record':
      return 'an object of texts';
    default:
      return 'an object';
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
