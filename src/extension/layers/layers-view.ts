/** The Layers view: the flow of the inspector that is looked at, with its selection. */
import {
  EventEmitter,
  type ExtensionContext,
  l10n,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeDataProvider,
  window,
} from 'vscode';
import type { LayerKind } from '../../protocol/model';
import type { ActiveInspector } from '../editor/active-inspector';
import { type LayerNode, layerNodes, type OutlineNode, outlineTree, type ScaleNode } from './outline';

const icons: Record<LayerKind, string> = {
  logit: 'symbol-ruler',
  pixels: 'symbol-ruler',
  standardize: 'symbol-ruler',
  checkerboard: 'symbol-operator',
  channelwise: 'symbol-operator',
  vector: 'symbol-operator',
  squeeze: 'fold',
  factorOut: 'git-branch',
  batchNorm: 'graph-line',
  actNorm: 'graph-line',
  permute: 'arrow-swap',
  autoregressive: 'symbol-operator',
  slice: 'watch',
  lu: 'symbol-array',
  conv1x1: 'symbol-array',
  haar: 'symbol-array',
  flatten: 'fold',
  prior: 'graph-scatter',
  plu: 'symbol-array',
  householder: 'symbol-array',
  qr: 'symbol-array',
  svd: 'symbol-array',
  orthogonal: 'symbol-array',
  rescale: 'symbol-ruler',
  linear: 'symbol-array',
  elementwise: 'symbol-ruler',
  unknown: 'question',
  recorded: 'symbol-operator',
};

export class LayersProvider implements TreeDataProvider<OutlineNode> {
  private tree: OutlineNode[] = [];
  private readonly changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly active: ActiveInspector) {}

  refresh(): void {
    this.tree = outlineTree(this.active.current?.layers ?? []);
    this.changed.fire();
  }

  get selected(): LayerNode | undefined {
    const index = this.active.current?.selection?.layer;
    return layerNodes(this.tree).find(({ layer }) => layer.index === index);
  }

  get nonFinite(): LayerNode[] {
    return layerNodes(this.tree).filter(({ layer }) => layer.nonFinite > 0);
  }

  getChildren(node?: OutlineNode): OutlineNode[] {
    if (!node) return this.tree;
    return node.kind === 'scale' ? node.children : [];
  }

  getParent(node: OutlineNode): OutlineNode | undefined {
    return node.kind === 'layer' ? node.parent : undefined;
  }

  getTreeItem(node: OutlineNode): TreeItem {
    return node.kind === 'scale' ? scaleItem(node) : layerItem(node);
  }
}

function scaleItem({ id, scale, children }: ScaleNode): TreeItem {
  const item = new TreeItem(l10n.t('Scale {0}', scale + 1), TreeItemCollapsibleState.Expanded);
  item.id = id;
  item.iconPath = new ThemeIcon('layers');
  item.description = children.length === 1 ? l10n.t('1 layer') : l10n.t('{0} layers', children.length);
  return item;
}

function layerItem({ layer }: LayerNode): TreeItem {
  const item = new TreeItem(layer.title, TreeItemCollapsibleState.None);
  const { index, shape, logDet, nonFinite, first, description } = layer;
  const contribution = logDet === undefined ? undefined : l10n.t('mean {0} nats', logDet);
  const trouble =
    nonFinite === 0
      ? undefined
      : first
        ? l10n.t('NaN or ∞ first here')
        : l10n.t('{0} non-finite values', nonFinite);
  item.id = `layer-${index}`;
  // What may be cut is at the end.
  item.description = [trouble, contribution, shape].filter(Boolean).join(' · ');
  item.iconPath = first
    ? new ThemeIcon('error', new ThemeColor('list.errorForeground'))
    : nonFinite > 0
      ? new ThemeIcon('warning', new ThemeColor('list.warningForeground'))
      : new ThemeIcon(icons[layer.kind]);
  item.tooltip = [description, contribution && l10n.t('log-det over the batch: {0}', contribution), trouble]
    .filter(Boolean)
    .join('\n');
  item.accessibilityInformation = { label: [layer.title, item.description].join(', ') };
  // A click or Enter; moving through the list alone selects nothing, nor does the page's selection come back as a new one.
  item.command = { command: 'flowscope.selectLayer', title: l10n.t('Select layer'), arguments: [index] };
  return item;
}

export function registerLayersView(context: ExtensionContext, active: ActiveInspector) {
  const provider = new LayersProvider(active);
  const view = window.createTreeView('flowscope.layers', {
    treeDataProvider: provider,
    showCollapseAll: true,
  });
  const reveal = (): void => {
    const node = provider.selected;
    // Revealing in a view that is hidden would open it.
    if (node && view.visible)
      void Promise.resolve(view.reveal(node, { select: true, focus: false })).catch(() => undefined);
  };
  const refresh = (): void => {
    provider.refresh();
    const { uri, layers } = active.current ?? {};
    const count = provider.nonFinite.length;
    view.description = uri && layers && layers.length > 0 ? uri.path.split('/').at(-1) : undefined;
    view.badge =
      count > 0 ? { value: count, tooltip: l10n.t('Layers with non-finite values: {0}', count) } : undefined;
    reveal();
  };
  context.subscriptions.push(
    view,
    active.onDidChange((what) => (what === 'selection' ? reveal() : refresh())),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible) reveal();
    }),
  );
  return { view, provider };
}

/** Each item as label and description, for the extension's API. */
export function describeLayers({ view, provider }: ReturnType<typeof registerLayersView>) {
  const words = (node: OutlineNode): string => {
    const { label, description } = provider.getTreeItem(node);
    return `${typeof label === 'string' ? label : ''} ${typeof description === 'string' ? description : ''}`;
  };
  const all = provider.getChildren().flatMap((node) => [node, ...provider.getChildren(node)]);
  return { items: all.map(words), selected: view.selection.map(words), badge: view.badge?.value };
}
