/** Which rows the strip shows: all layers by scale, or folded scales when there are too many. */
import type { LayerInfo } from '../../../src/protocol/model';
import type { ShownRow } from '../../base/store/strip-state';

export interface ScaleGroup {
  /** Tells groups apart, also groups of one scale. */
  key: string;
  scale: number;
  layers: LayerInfo[];
  folded: boolean;
}

export const mostRows = 60;

/** Layers that a folded row stands for, at most: a flow of one long scale folds too. */
const mostFolded = 24;

/** Layers stay in forward order, so a scale may come back as a second group. `shown` is the layer that stays visible. */
export function scaleGroups(
  layers: readonly LayerInfo[],
  opened: ReadonlySet<string>,
  shown: number,
): ScaleGroup[] {
  const folding = layers.length > mostRows;
  const groups: ScaleGroup[] = [];
  for (const layer of layers) {
    const last = groups.at(-1);
    if (last && last.scale === layer.scale && !(folding && last.layers.length >= mostFolded))
      last.layers.push(layer);
    else groups.push({ key: String(groups.length), scale: layer.scale, layers: [layer], folded: false });
  }
  if (folding)
    for (const group of groups)
      group.folded = !opened.has(group.key) && !group.layers.some((layer) => layer.index === shown);
  return groups;
}

/** What a folded scale says of its layers: the sums, the worst round trip, all non-finite values. */
export function foldRows(rows: readonly (ShownRow | undefined)[]): ShownRow | undefined {
  const known = rows.filter((row) => row !== undefined);
  const first = known[0];
  if (!first) return undefined;
  // NaN wins over any number.
  const errors = known.flatMap(({ roundTrip }) => roundTrip ?? []);
  const sumOf = (of: 'example' | 'mean') => {
    const parts = known.flatMap((row) => row[of] ?? []);
    const add = (part: 'coupling' | 'norm'): number => parts.reduce((sum, each) => sum + each[part], 0);
    return parts.length > 0 ? { coupling: add('coupling'), norm: add('norm') } : undefined;
  };
  return {
    layer: first.layer,
    example: sumOf('example'),
    mean: sumOf('mean'),
    ...(errors.length > 0 ? { roundTrip: Math.max(...errors) } : {}),
    nonFinite: known.reduce((sum, row) => sum + row.nonFinite, 0),
  };
}
