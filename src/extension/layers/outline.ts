/** The layers as a tree: scales as groups where there is more than one. Plain data, so that tests need no window. */
import type { OutlineLayer } from '../../protocol/page-actions';

export type LayerNode = { kind: 'layer'; layer: OutlineLayer; parent: ScaleNode | undefined };

export interface ScaleNode {
  kind: 'scale';
  /** Tells groups apart, also groups of one scale. */
  id: string;
  /** Zero-based. */
  scale: number;
  children: LayerNode[];
}

export type OutlineNode = ScaleNode | LayerNode;

/** In forward order; a scale that comes back, after another, is a group of its own. */
export function outlineTree(layers: readonly OutlineLayer[]): OutlineNode[] {
  const several = layers.some(({ scale }) => scale !== layers[0]?.scale);
  if (!several) return layers.map((layer) => ({ kind: 'layer', layer, parent: undefined }));
  const groups: ScaleNode[] = [];
  for (const layer of layers) {
    let group = groups.at(-1);
    if (group?.scale !== layer.scale) {
      group = { kind: 'scale', id: `scale-${groups.length}`, scale: layer.scale, children: [] };
      groups.push(group);
    }
    group.children.push({ kind: 'layer', layer, parent: group });
  }
  return groups;
}

export function layerNodes(tree: readonly OutlineNode[]): LayerNode[] {
  return tree.flatMap((node) => (node.kind === 'scale' ? node.children : [node]));
}
