/** The JSON schema with which an editor completes and explains config files. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { presetNames } from '../../src/config/build';
import { presets } from '../../src/config/presets';
import { conventionSets } from '../../src/config/conventions';
import { runConfigSchema } from '../../src/config/schema';

export function configJsonSchema(): object {
  // JSON has no infinite numbers, so "finite" says nothing there.
  const schema = toJsonSchema(runConfigSchema, { typeMode: 'input', ignoreActions: ['finite'] });
  const root = {
    $schema: schema.$schema,
    title: 'Flowscope run',
    description: 'The data, the flow and how to train it.',
    ...schema,
    properties: { preset: presetField(), ...withSnippets(schema.properties ?? {}) },
  };
  return withDefaultsSaid(withoutSizes(root)) as object;
}

/** Whole sections that an editor offers, with the fields that people change first. */
const snippets: Readonly<Record<string, readonly { label: string; description: string; body: object }[]>> = {
  data: [
    {
      label: 'data: a table',
      description: 'Rows of numbers, with a class and gaps.',
      body: { source: '${1:table.csv}', labelColumn: '${2:class}', missing: '${3|drop,mean,error|}' },
    },
    {
      label: 'data: a folder of images',
      description: 'PNG, JPEG and WebP, also in subfolders.',
      body: { source: '${1:photos}', validation: 0.2 },
    },
  ],
  model: [
    {
      label: 'model: rows of numbers',
      description: 'A RealNVP of vectors.',
      body: { kind: 'vector', couplings: 8, hidden: [64, 64] },
    },
    {
      label: 'model: images',
      description: 'A RealNVP of images with several scales.',
      body: { kind: 'image', scales: 2, base: 32, blocks: 2 },
    },
  ],
  training: [
    {
      label: 'training: length and pace',
      description: 'Steps, batch, learning rate, and when to stop early.',
      body: { steps: 2000, batch: 64, learningRate: 1e-3, validateEvery: 100, patience: 10 },
    },
  ],
};

function withSnippets(properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => {
      const found = snippets[name];
      return [name, found ? { ...(field as object), defaultSnippets: found } : field];
    }),
  );
}

/** An editor shows the description alone when one points at a field. */
function withDefaultsSaid(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDefaultsSaid);
  if (typeof value !== 'object' || value === null) return value;
  const field: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === 'default' ? inner : withDefaultsSaid(inner)]),
  );
  const { description, default: usual } = field;
  const isEmpty = typeof usual === 'object' && usual !== null && Object.keys(usual).length === 0;
  if (typeof description !== 'string' || usual === undefined || isEmpty) return field;
  return { ...field, description: `${description} Default: ${JSON.stringify(usual)}.` };
}

/** Preset that a config starts from. It is not part of a run's full config, which has everything that the preset sets. */
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
