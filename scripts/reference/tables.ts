/**
 * Tables of the documentation that are made from the schema, the presets and the sets of conventions, so that they cannot
 * say anything else.
 */
import * as v from 'valibot';
import { entryOf } from '../../src/base/kept';
import { conventionFields } from '../../src/config/convention-fields';
import { conventionSets, type ConventionSet } from '../../src/config/conventions';
import { dataSchema } from '../../src/config/data-section';
import { expectation } from '../../src/config/expected';
import { imageModelSchema } from '../../src/config/image-model';
import { parseRunConfig } from '../../src/config/parse';
import { presets } from '../../src/config/presets';
import type { Preset } from '../../src/config/preset';
import { trainingSchema } from '../../src/config/schema';
import { vectorModelSchema } from '../../src/config/vector-model';
import { buildFlow } from '../../src/flow/flow';
import { parameterCount } from '../../src/engine/model/layer-list';

type Entries = Record<string, v.GenericSchema>;
type Kind = 'vector' | 'image';

/** Sizes of the data that a preset is for, where they are known. */
const shapes: Record<string, Record<string, number>> = {
  digits: { height: 8, width: 8, channels: 1, levels: 17 },
  mnist: { height: 28, width: 28, channels: 1 },
  'paper-cifar10': { height: 32, width: 32, channels: 3 },
  'paper-imagenet32': { height: 32, width: 32, channels: 3 },
  'paper-imagenet64': { height: 64, width: 64, channels: 3 },
  'paper-lsun': { height: 64, width: 64, channels: 3 },
  'paper-celeba': { height: 64, width: 64, channels: 3 },
};

const tables: Record<string, () => string> = {
  presets: () =>
    table(
      ['preset', 'data', 'flow', 'parameters', 'training', 'is'],
      alike().map(([preset, names]) => [
        names.map(code).join(', '),
        dataOf(preset),
        modelOf(preset),
        sizesOf(preset),
        trainingOf(preset),
        preset.about,
      ]),
    ),
  sets: () =>
    table(
      ['set', 'for', 'is', 'differs in'],
      conventionSets.map((set) => [
        code(set.name),
        set.image ? 'images' : 'rows',
        `${set.title}: ${set.about}`,
        [
          ...Object.entries({ ...set.image, ...set.vector }).filter(
            ([key, value]) => defaultOf(set, key) !== value,
          ),
          ...Object.entries(set.training ?? {}),
        ]
          .map(([key, value]) => `${code(key)} ${shown(value)}`)
          .join(', '),
      ]),
    ),
  'both-fields': () =>
    modelFields({ ...conventionFields, flowNorm: vectorModelSchema.entries.flowNorm }, 'vector', 'image'),
  'vector-fields': () => modelFields(without(vectorModelSchema.entries, 'kind', 'flowNorm'), 'vector'),
  'image-fields': () => modelFields(without(imageModelSchema.entries, 'kind', 'flowNorm'), 'image'),
  'training-fields': () => fields(trainingSchema.entries),
  'data-fields': () => fields(dataSchema.entries),
};

/** The text with new tables between its markers, `<!-- table NAME -->` and `<!-- end -->`. */
export function withTables(markdown: string): string {
  return markdown.replace(
    /(<!-- table (\S+) -->\n)[^]*?(<!-- end -->)/g,
    (_, start: string, name: string, end) => {
      const make = tables[name];
      if (!make)
        throw new Error(`There is no table "${name}"; expected one of ${Object.keys(tables).join(', ')}.`);
      return `${start}\n${make()}\n\n${end as string}`;
    },
  );
}

function without(entries: Entries, ...others: string[]): Entries {
  const left = others.concat(Object.keys(conventionFields));
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !left.includes(key)));
}

function fields(entries: Entries): string {
  return table(
    ['field', 'default', 'expected', 'is'],
    Object.entries(entries).map(([key, schema]) => [
      code(key),
      fallback(schema),
      expected(schema),
      meaning(schema),
    ]),
  );
}

function modelFields(entries: Entries, ...kinds: Kind[]): string {
  return table(
    ['field', 'default', 'expected', 'is', 'set by'],
    Object.entries(entries).map(([key, schema]) => [
      code(key),
      key === 'flowNorm' ? 'true for images, false for rows' : fallback(schema),
      expected(schema),
      meaning(schema),
      setBy(key, kinds),
    ]),
  );
}

/** The sets of conventions that name a field, by the value that they give it. */
function setBy(key: string, kinds: readonly Kind[]): string {
  const values = new Map<string, string[]>();
  for (const set of conventionSets) {
    for (const kind of kinds) {
      const value = (set[kind] as Record<string, unknown> | undefined)?.[key];
      if (value === undefined) continue;
      entryOf(values, shown(value), () => []).push(set.name);
    }
  }
  return [...values].map(([value, names]) => `${value}: ${names.join(', ')}`).join('; ');
}

function defaultOf(set: ConventionSet, key: string): unknown {
  const entries: Entries = set.image ? imageModelSchema.entries : vectorModelSchema.entries;
  return v.getDefault(entries[key] as never);
}

function fallback(schema: v.GenericSchema): string {
  const value: unknown = v.getDefault(schema as never);
  return value === undefined ? '' : shown(value);
}

function meaning(schema: v.GenericSchema): string {
  const inner = 'wrapped' in schema ? (schema.wrapped as v.GenericSchema) : schema;
  return v.getDescription(inner) ?? '';
}

function expected(schema: v.GenericSchema): string {
  return expectation(schema)
    .replaceAll('"', '')
    .replace(/^one of /, '');
}

/** Presets that differ in their data alone share one row, under the first. */
function alike(): [Preset, string[]][] {
  const rows: [Preset, string[]][] = [];
  for (const preset of presets) {
    const { model, training } = preset;
    const row = rows.find(([first]) => first.model === model && first.training === training);
    if (row) row[1].push(preset.name);
    else rows.push([preset, [preset.name]]);
  }
  return rows;
}

function dataOf({ data, name }: Preset): string {
  const shape = shapes[name];
  const words = Object.entries(data).flatMap(([key, value]) =>
    key === 'source' ? [] : [`${key} ${shown(value)}`],
  );
  const size = shape ? [`${shape.height}×${shape.width}×${shape.channels}`] : [];
  return [...size, ...words].join(', ');
}

function modelOf({ model }: Preset): string {
  if (model.kind === 'vector') return `${model.couplings} couplings, networks of ${model.hidden?.join(', ')}`;
  const { scales, base, blocks } = model;
  return `${scales} scales, ${base} feature maps, ${blocks} ${blocks === 1 ? 'block' : 'blocks'}`;
}

function sizesOf({ name, model }: Preset): string {
  const sizes = model.kind === 'vector' && name !== 'tabular' ? { dim: 2 } : shapes[name];
  if (!sizes) return 'as the data';
  const { model: full } = parseRunConfig({ data: { source: 'x' }, model: { ...model, ...sizes } }, name);
  return parameterCount(buildFlow(full).parameters).toLocaleString('en');
}

function trainingOf({ training }: Preset): string {
  const { steps, batch, learningRate, schedule = 'constant', patience, flips } = training;
  return (
    `${steps?.toLocaleString('en')} steps of ${batch}, ${learningRate} ${schedule}` +
    (patience ? `, patience ${patience}` : '') +
    (flips ? ', flips' : '')
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ');
  // A section of its own goes by its kind.
  return typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : String(value);
}

function code(name: string): string {
  return `\`${name}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
