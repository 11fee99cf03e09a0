/** What the first two steps of Train RealNVP… offer. */
import { l10n } from 'vscode';
import { type Preset, presets } from '../../config/presets';
import type { FileKind } from './data-files';

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
  .map(({ name, title, model, about }) => ({
    source: name,
    kind: model.kind === 'image' ? 'image' : 'plane',
    title,
    about,
  }));

export interface PresetGroup {
  label: string;
  presets: Preset[];
}

/** Presets that fit the data in groups; the recommended one stands first. */
export function presetGroups(data: DataChoice): PresetGroup[] {
  const named = presets.filter(({ name }) => name === data.source);
  const general = presets.filter(({ name, data: own }) => {
    if (own.source !== undefined || name === data.source) return false;
    if (data.kind === 'idx') return name === 'mnist' || name === 'image';
    if (data.kind === 'image' || data.kind === 'pictures') return name === 'image';
    if (data.kind === 'array') return name === 'image' || name === 'tabular';
    return name === 'tabular';
  });
  return [
    { label: l10n.t('Made for these data'), presets: named },
    { label: l10n.t('General'), presets: general },
  ];
}
