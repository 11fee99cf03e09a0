/** The JSON schema with which an editor completes and explains config files. Not part of any bundle of the product. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { presetNames } from './build';
import { presets } from './presets';
import { conventionSets } from './conventions';
import { runConfigSchema } from './schema';

export function configJsonSchema(): object {
  // JSON has no infinite numbers, so "finite" says nothing there.
  const schema = toJsonSchema(runConfigSchema, { typeMode: 'input', ignoreActions: ['finite'] });
  const root = {
    $schema: schema.$schema,
    title: 'Flowscope run',
    description: 'The data, the flow and how to train it.',
    ...schema,
    properties: { preset: presetField(), ...schema.properties },
  };
  return withoutSizes(root) as object;
}

/** What a config starts from. It is no part of a run's full config, which says all that the preset says. */
function presetField(): object {
  const about = new Map([...presets, ...conventionSets].map(({ name, about: said }) => [name, said]));
  return {
    enum: presetNames,
    type: 'string',
    enumDescriptions: presetNames.map((name) => about.get(name)),
    description: 'Settings that the rest of this file changes. Without it, model says the whole flow.',
  };
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
