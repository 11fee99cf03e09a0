import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { layerNodes, outlineTree } from '../../../src/extension/layers/outline';
import type { OutlineLayer } from '../../../src/protocol/page-actions';

const layer = (index: number, scale: number): OutlineLayer => ({
  index,
  title: `Layer ${index}`,
  kind: 'checkerboard',
  scale,
  shape: '4×4×1',
  description: '',
  nonFinite: 0,
  first: false,
});

describe('the layers as a tree', () => {
  it('is flat for a flow of one scale', () => {
    const tree = outlineTree([layer(0, 0), layer(1, 0)]);
    assert.deepEqual(
      tree.map((node) => node.kind),
      ['layer', 'layer'],
    );
  });

  it('groups by scale in forward order; a scale that comes back is another group', () => {
    const tree = outlineTree([0, 0, 1, 0].map((scale, index) => layer(index, scale)));
    assert.deepEqual(
      tree.map((node) => node.kind === 'scale' && [node.id, node.scale, node.children.length]),
      [
        ['scale-0', 0, 2],
        ['scale-1', 1, 1],
        ['scale-2', 0, 1],
      ],
    );
    const nodes = layerNodes(tree);
    assert.deepEqual(
      nodes.map((node) => node.layer.index),
      [0, 1, 2, 3],
    );
    assert.equal(nodes[3]?.parent?.id, 'scale-2');
  });
});
