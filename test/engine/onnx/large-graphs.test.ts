/** Graphs that would take time or memory without end if they were looked into without bounds. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { onnx } from 'onnx-proto';
import { UserError } from '../../../src/base/user-error';
import { openOnnxFlow, type OnnxFlow } from '../../../src/engine/onnx-flow/open-onnx-flow';
import { readOnnx } from '../../../src/engine/onnx-file/read';
import { temporaryFolder } from '../../unit/support/temporary';
import { modelOf, port, stored } from './small-graph';

const folder = temporaryFolder();

describe('a graph', () => {
  async function using(
    name: string,
    model: Uint8Array,
    check: (flow: OnnxFlow) => void | Promise<void>,
  ): Promise<void> {
    const file = path.join(folder, name);
    writeFileSync(file, model);
    const flow = await openOnnxFlow(file, 1);
    try {
      await check(flow);
    } finally {
      await flow.dispose();
    }
  }

  /** A coupling by a curve, so that its log-det is looked for in the file's: sigmoid(b)·exp(tanh(a)). */
  const curve: readonly onnx.INodeProto[] = [
    { opType: 'Split', input: ['x'], output: ['a', 'b'], attribute: [axis(1)] },
    { opType: 'Tanh', input: ['a'], output: ['s'] },
    { opType: 'Exp', input: ['s'], output: ['scale'] },
    { opType: 'Sigmoid', input: ['b'], output: ['bent'] },
    { opType: 'Mul', input: ['bent', 'scale'], output: ['moved'] },
    { opType: 'Concat', input: ['a', 'moved'], output: ['z'], attribute: [axis(1)] },
    { opType: 'Sub', input: ['one', 'bent'], output: ['rest'] },
    { opType: 'Mul', input: ['bent', 'rest'], output: ['slope'] },
    { opType: 'Log', input: ['slope'], output: ['ln slope'] },
    { opType: 'Add', input: ['ln slope', 's'], output: ['ln'] },
    { opType: 'Squeeze', input: ['ln', 'axis'], output: ['ld0'] },
  ];
  const logDetAt = (a: number, b: number): number => {
    const bent = 1 / (1 + Math.exp(-b));
    return Math.log(bent * (1 - bent)) + Math.tanh(a);
  };
  const flowOf = (nodes: readonly onnx.INodeProto[], logDet: string): Uint8Array =>
    modelOf({
      input: [port('x', ['batch', 2])],
      output: [port('z', ['batch', 2]), port(logDet, ['batch'])],
      initializer: [
        { name: 'axis', dims: [1], dataType: onnx.TensorProto.DataType.INT64, int64Data: [1] },
        stored('one', [1], []),
        stored('half', [0.5], []),
        stored('none', [0], []),
      ],
      node: [...curve, ...nodes],
    });

  it('that adds its log-det to itself, and halves it, is followed once', async () => {
    const nodes = Array.from({ length: 100 }, (_, i): onnx.INodeProto[] => [
      { opType: 'Add', input: [`ld${i}`, `ld${i}`], output: [`twice${i}`] },
      { opType: 'Mul', input: [`twice${i}`, 'half'], output: [`ld${i + 1}`] },
    ]).flat();
    await using('twice.onnx', flowOf(nodes, 'ld100'), ({ unexplained }) => {
      assert.ok(unexplained !== undefined && unexplained < 1e-5, String(unexplained));
    });
  });

  it('whose log-det is a sum of thousands of terms is followed without calls in calls', async () => {
    const nodes = Array.from({ length: 5000 }, (_, i): onnx.INodeProto => ({
      opType: 'Add',
      input: [`ld${i}`, 'none'],
      output: [`ld${i + 1}`],
    }));
    await using('long.onnx', flowOf(nodes, 'ld5000'), async ({ layers, runner }) => {
      assert.ok(layers.length > 0);
      const { logDet } = await runner.forward(Float32Array.of(0.5, 1), 1, 'data');
      assert.ok(Math.abs(logDet[0]! - logDetAt(0.5, 1)) < 1e-6);
    });
  });

  it('of thousands of ReLUs in a row opens', async () => {
    const nodes = Array.from({ length: 4000 }, (_, i): onnx.INodeProto => ({
      opType: 'Relu',
      input: [i ? `r${i - 1}` : 'a'],
      output: [`r${i}`],
    }));
    const last: onnx.INodeProto[] = [
      { opType: 'Squeeze', input: ['r3999', 'axis'], output: ['r'] },
      { opType: 'Mul', input: ['r', 'none'], output: ['nothing'] },
      { opType: 'Add', input: ['ld0', 'nothing'], output: ['ld'] },
    ];
    await using('relus.onnx', flowOf([...nodes, ...last], 'ld'), ({ layers }) => {
      assert.ok(layers.length > 0);
    });
  });

  it('with more numbers on the way than can be compared runs, and says why it shows no layers', async () => {
    const size = 2 ** 18;
    const count = 200;
    const model = modelOf({
      input: [port('x', ['batch', size])],
      output: [port('z', ['batch', size])],
      initializer: [stored('half', [0.5], [])],
      node: Array.from({ length: count }, (_, i): onnx.INodeProto => ({
        opType: 'Sub',
        input: [i ? `v${i}` : 'x', 'half'],
        output: [i === count - 1 ? 'z' : `v${i + 1}`],
      })),
    });
    await using('many.onnx', model, async ({ layers, notes, runner }) => {
      assert.equal(layers.length, 0);
      assert.match(notes.join('; '), /157,286,400 numbers would have to be compared/);
      const { z } = await runner.forward(new Float32Array(size), 1, 'data');
      assert.ok(z.every((value) => value === -count / 2));
    });
  });
});

describe('functions of an ONNX file', () => {
  const call = (opType: string): onnx.INodeProto => ({ domain: 'f', opType, input: ['x'], output: ['y'] });
  const fileOf = (name: string, calls: (level: number) => readonly number[]): string => {
    const levels = 100;
    const model = onnx.ModelProto.decode(
      modelOf({ input: [port('x', [1, 2])], output: [port('y', [1, 2])], node: [call('f0')] }),
    );
    model.functions = Array.from({ length: levels }, (_, level) =>
      onnx.FunctionProto.create({
        domain: 'f',
        name: `f${level}`,
        input: ['x'],
        output: ['y'],
        node: calls(level).map((called) => call(`f${called}`)),
      }),
    );
    const file = path.join(folder, name);
    writeFileSync(file, onnx.ModelProto.encode(model).finish());
    return file;
  };
  const refused = (file: string, what: RegExp): Promise<void> =>
    assert.rejects(readOnnx(file), (error) => error instanceof UserError && what.test(error.message));

  it('that stand for more nodes than any model has are refused', () =>
    refused(
      fileOf('doubling.onnx', (level) => (level < 40 ? [level + 1, level + 1] : [])),
      /more than 1048576 nodes/,
    ));
  it('that call themselves are refused', () =>
    refused(
      fileOf('itself.onnx', (level) => [level]),
      /call each other deeper than 64/,
    ));
  it('that call each other often are read', async () => {
    const { summary } = await readOnnx(
      fileOf('few.onnx', (level) => (level < 9 ? [level + 1, level + 1] : [])),
    );
    assert.equal(summary.outputs[0]?.name, 'y');
  });
});

function axis(i: number): onnx.IAttributeProto {
  return { name: 'axis', type: onnx.AttributeProto.AttributeType.INT, i };
}
