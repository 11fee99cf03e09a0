/** Flows whose convolutions go in tiles of rows, as long work runs them, against the same without. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { onnx } from 'onnx-proto';
import type { Backend } from '../../../src/engine/backends/backend';
import { blockOfThisMachine } from '../../../src/engine/backends/onnxruntime-blocks';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { forwardGraph, inverseGraph } from '../../../src/engine/model/flow-graphs';
import type { Graph } from '../../../src/graph/ir';
import { toOnnx } from '../../../src/graph/onnx/to-onnx';
import { bindUsed } from '../../../src/graph/passes/bind-constants';
import { flowOf } from '../../contract/flow-of';
import { assertClose, normalFeeds, parametersOf } from './compare';

/** Convolutions along rows with a filter for each of the six products. */
function tiledConvolutions(graph: Graph, block?: number): number {
  const model = toOnnx(graph, { name: 'flow', rearrange: true, block });
  const groups = onnx.ModelProto.decode(model).graph!.node!.filter(
    ({ opType, attribute }) =>
      opType === 'Conv' && attribute!.some(({ name, i }) => name === 'group' && Number(i) === 6),
  );
  return groups.length;
}

const image = { kind: 'image', height: 16, width: 6, channels: 1, scales: 2, base: 64 } as const;

const flows = {
  'a mask channel, two blocks': { maskChannel: true, blocks: 2 },
  'no norms, soft-clip': {
    maskChannel: false,
    blocks: 1,
    netNorm: false,
    flowNorm: false,
    scaleMap: 'soft-clip',
  },
};

describe('convolutions in tiles of rows', () => {
  let backend: Backend;
  before(async () => {
    backend = await createOnnxRuntimeBackend({ threads: 2, reason: 'test' });
  });
  after(() => backend.dispose());

  for (const [name, options] of Object.entries(flows)) {
    it(`give what the flow gives: ${name}`, async () => {
      const flow = flowOf({ ...image, ...options });
      const tensors = parametersOf(flow);
      for (const [count, port, graph] of [
        [3, 'x', forwardGraph(flow)],
        [1, 'z', inverseGraph(flow)],
      ] as const) {
        const feeds = normalFeeds([{ name: port, shape: [count, ...flow.inputShape] }], 6);
        const bound = bindUsed(graph, tensors);
        const plain = await backend.compile(bound);
        const long = await backend.compile(bound, { examples: 1e9 });
        const expected = await plain.run(feeds);
        for (const { data } of Object.values(expected)) assert.ok(data.every(Number.isFinite));
        // Each convolution rounds two to three times as much as one that sums its products: 4e-7 of its results.
        assertClose(await long.run(feeds), expected, 2e-5, name);
        await plain.dispose();
        await long.dispose();
      }
    });
  }

  it('are as many as convolve 64 channels or more, but those that a checkerboard halves', () => {
    const flow = flowOf({ ...image, ...flows['a mask channel, two blocks'] });
    const bound = bindUsed(forwardGraph(flow), parametersOf(flow));
    assert.equal(tiledConvolutions(bound), 0, 'what is exported has none');
    // Two blocks of two in each of ten couplings; the last before a checkerboard of even sides is halved, as three are.
    assert.equal(tiledConvolutions(bound, 16), 10 * 4 - 3);
    assert.equal(tiledConvolutions(bound, 8), 10 * 4 - 3);
  });

  it('are not made of fewer channels or rows', () => {
    for (const options of [
      { base: 16, scales: 1 },
      { height: 12, width: 16, scales: 3, base: 16 },
      { height: 4 },
    ]) {
      const flow = flowOf({ ...image, blocks: 1, ...options });
      assert.equal(tiledConvolutions(bindUsed(forwardGraph(flow), parametersOf(flow)), 16), 0);
    }
  });

  it('are there for the processor that tests run on', async () => {
    // Of the processors that we build for, ONNX Runtime has blocks on all x64 ones; elsewhere flows run as they are.
    if (process.arch === 'x64') assert.ok([8, 16].includes((await blockOfThisMachine())!));
  });
});
