/** What the first two steps of Train RealNVP… offer. */
import { l10n } from 'vscode';
import { presets } from '../../config/presets';
import { conventionsFor, flowKinds, publishedSets } from '../../config/conventions';
import { paperPresets } from '../../config/paper-presets';
import type { PresetGroup } from '../../protocol/preview-page';
import type { FileKind } from './data-files';
import { inWindowLanguage } from './preset-words';

export type DataKind = 'plane' | 'image' | FileKind;

export interface DataChoice {
  /** What the engine is given: a built-in name or a path. */
  source: string;
  kind: DataKind;
  title: string;
  about: string;
}

/** Built-in data sets are those that a preset of the same name belongs to. */
export const builtinData: readonly DataChoice[] = presets
  .filter(({ name, data }) => data.source === name)
  .map(inWindowLanguage)
  .map(({ name, title, model, about }) => ({
    source: name,
    kind: model.kind === 'image' ? 'image' : 'plane',
    title,
    about,
  }));

/** What the flow is made for; arrays may hold either, which their shape tells the engine. */
function modelKinds({ kind }: DataChoice): ('image' | 'vector')[] {
  if (kind === 'array') return ['image', 'vector'];
  return kind === 'plane' || kind === 'table' ? ['vector'] : ['image'];
}

/** Presets that fit the data in groups; the recommended one comes first. */
export function presetGroups(data: DataChoice): PresetGroup[] {
  const kinds = modelKinds(data);
  const fitting = presets.filter(({ model }) => kinds.includes(model.kind));
  const general = fitting.filter(
    (preset) =>
      preset.data.source === undefined &&
      !paperPresets.includes(preset) &&
      // The sizes of MNIST, whose files are IDX.
      (preset.name !== 'mnist' || data.kind === 'idx'),
  );
  const setsFor = (sets: typeof flowKinds) => [
    ...new Set(kinds.flatMap((kind) => conventionsFor(kind, sets))),
  ];
  return [
    { label: l10n.t('Made for this data'), presets: fitting.filter(({ name }) => name === data.source) },
    { label: l10n.t('General'), presets: general },
    { label: l10n.t('Kinds of flow'), presets: setsFor(flowKinds) },
    {
      label: l10n.t('Recipes of the paper'),
      presets: fitting.filter((preset) => paperPresets.includes(preset)),
    },
    { label: l10n.t('Conventions of published implementations'), presets: setsFor(publishedSets) },
  ]
    .filter((group) => group.presets.length > 0)
    .map(({ label, presets: some }) => ({ label, presets: some.map((one) => inWindowLanguage(one)) }));
}
