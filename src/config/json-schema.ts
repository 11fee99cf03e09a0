/** The JSON schema with which an editor completes and explains config files. Not part of any bundle of the product. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { runConfigSchema } from './schema';

export function configJsonSchema(): object {
  // JSON has no infinite numbers, so "finite" says nothing there.
  const schema = toJsonSchema(runConfigSchema, { typeMode: 'input', ignoreActions: ['finite'] });
  const root = {
    $schema: schema.$schema,
    title: 'Flowscope run',
    description: 'The data, the flow and how to train it.',
    ...schema,
  };
  return withoutSizes(root) as object;
}

/** Sizes that the data tell may be left out of a config file, and `model` itself when a preset gives it. */
const told = new Set(['dim', 'height', 'width', 'model', 'kind', 'data', 'source']);

function withoutSizes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSizes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key !== 'required' || !Array.isArray(inner)) return [[key, withoutSizes(inner)]];
      const kept = inner.filter((name) => !told.has(String(name)));
      return kept.length > 0 ? [[key, kept]] : [];
    }),
  );
}
