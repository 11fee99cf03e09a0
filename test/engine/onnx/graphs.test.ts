/** Small graphs that show what PyTorch's exporters write and what goes wrong with it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { onnx } from 'onnx-proto';
import { openFileSession } from '../../../src/engine/backends/onnx-session';
import { createOnnxRuntimeBackend } from '../../../src/engine/backends/onnxruntime';
import { openModel } from '../../../src/engine/open/open-model';
import { maxAbsDifference } from '../../contract/eager';
import { modelOf, port, stored } from './small-graph';

it('the transpose of a matrix times a vector is that, whatever ONNX Runtime fuses', async () => {
  const [rows, columns] = [3, 4];
  const w = Float32Array.of(1, -2, 3);
  const model = modelOf({
    input: [port('x', [rows, columns])],
    output: [port('y', [columns])],
    initializer: [stored('w', [...w])],
    node: [
      { opType: 'Transpose', input: ['x'], output: ['turned'] },
      { opType: 'MatMul', input: ['turned', 'w'], output: ['y'] },
    ],
  });
  const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
  const { session, tensor, run } = await openFileSession('product.onnx', model, { intraOpNumThreads: 1 });
  try {
    const { y } = await run({ x: tensor(x, [rows, columns]) });
    const expected = Float32Array.from({ length: columns }, (_, j) =>
      w.reduce((sum, value, i) => sum + value * x[i * columns + j]!, 0),
    );
    assert.ok(maxAbsDifference(y!.data as Float32Array, expected) <= 1e-6, String(y!.data));
  } finally {
    await session.release();
  }
});

it('a number of examples that tracing fixed is taken from the log-det', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'flowscope-graphs-'));
  const backend = await createOnnxRuntimeBackend({ threads: 1, reason: 'test' });
  try {
    const file = path.join(folder, 'flow.onnx');
    // log|det| starts from zeros of three examples, as normflows does by `torch.zeros(len(z))`.
    const model = modelOf({
      input: [port('x', ['batch', 2])],
      output: [port('z', ['batch', 2]), port('logdet', ['batch'])],
      initializer: [stored('scale', [2, 0.5]), stored('none', [0], []), stored('zeros', [0, 0, 0])],
      node: [
        { opType: 'Mul', input: ['x', 'scale'], output: ['z'] },
        { opType: 'Mul', input: ['x', 'none'], output: ['nothing'] },
        {
          opType: 'ReduceMax',
          input: ['nothing'],
          output: ['rows'],
          attribute: [
            { name: 'axes', type: onnx.AttributeProto.AttributeType.INTS, ints: [1] },
            { name: 'keepdims', type: onnx.AttributeProto.AttributeType.INT, i: 0 },
          ],
        },
        { opType: 'Add', input: ['zeros', 'rows'], output: ['logdet'] },
      ],
    });
    await writeFile(file, model);
    const opened = await openModel(file, backend);
    try {
      const flow = opened.inspected;
      assert.ok(flow, (await opened.summary()).reason);
      const x = Float32Array.from({ length: 10 }, (_, i) => Math.sin(i));
      const { z, logDet } = await flow.runner.forward(x, 5, 'data');
      assert.deepEqual(
        z,
        x.map((value, i) => value * (i % 2 === 0 ? 2 : 0.5)),
      );
      assert.deepEqual(logDet, new Float32Array(5));
      assert.deepEqual((await flow.runner.inverse(z, 5, 'data')).x, x);
    } finally {
      await opened.dispose();
    }
  } finally {
    await backend.dispose();
    await rm(folder, { recursive: true, force: true });
  }
});
