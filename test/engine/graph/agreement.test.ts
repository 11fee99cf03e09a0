/** The same function as a graph on ONNX Runtime, as a graph on TensorFlow, run eagerly, and evaluated in TypeScript. */
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../../src/engine/backends/backend';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { createTensorFlowBackend } from '../../../src/engine/backends/tensorflow';
import { runReference } from '../../unit/graph/reference';
import { optimize } from '../../unit/graph/optimize';
import { trace } from '../../../src/graph/trace/trace';
import { assertClose, normalFeeds, runOnce } from './compare';
import { runEagerly, withoutTensorFlow } from './eager';
import { cases } from './functions';

const tolerance = 1e-5;

describe('backends agree', () => {
  let onnx: Backend;
  let tensorflow: Backend | undefined;
  before(async () => {
    onnx = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
    if (!withoutTensorFlow) tensorflow = await createTensorFlowBackend({ threads: 1, reason: 'test' });
  });
  after(() => Promise.all([onnx.dispose(), tensorflow?.dispose()]));

  for (const { name, fn, inputs, domain } of cases) {
    it(`on ${name}`, async () => {
      const graph = trace(fn, inputs);
      const feeds = normalFeeds(inputs, 11, domain);
      const onOnnx = await runOnce(onnx, graph, feeds);
      if (!graph.nodes.some(({ op }) => op === 'Conv2D')) {
        assertClose(runReference(graph, feeds), onOnnx, tolerance, 'evaluator against ONNX Runtime');
        assertClose(
          runReference(optimize(graph), feeds),
          onOnnx,
          tolerance,
          'optimized against ONNX Runtime',
        );
      }
      if (!tensorflow) return;
      const eager = await runEagerly(fn, feeds);
      assertClose(onOnnx, eager, tolerance, 'ONNX Runtime against eager');
      assertClose(
        await runOnce(tensorflow, graph, feeds),
        eager,
        tolerance,
        'TensorFlow graph against eager',
      );
    });
  }
});
