/** ONNX files of a few megabytes that would become gigabytes of objects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onnx } from 'onnx-proto';
import { UserError } from '../../../../src/base/user-error';
import { decodeOnnx } from '../../../../src/engine/onnx-file/decode';
import { put, temporaryFolder } from '../../support/temporary';

const folder = temporaryFolder();

/** A field of bytes, as protocol buffers write it. */
function field(id: number, content: Uint8Array): Buffer {
  const head = [(id << 3) | 2];
  for (let left = content.length; ; left >>>= 7) {
    head.push(left < 128 ? left : (left & 127) | 128);
    if (left < 128) return Buffer.concat([Buffer.from(head), content]);
  }
}

const graphOf = (content: Uint8Array): Buffer => field(7, content);

async function refused(name: string, bytes: Uint8Array): Promise<void> {
  await assert.rejects(decodeOnnx(put(folder, name, bytes)), (error: Error) => {
    assert.ok(error instanceof UserError, error.stack);
    assert.match(error.message, /is not a valid ONNX model: .*more than 8388608 parts/);
    return true;
  });
}

test('millions of empty nodes', async () => {
  await refused('nodes.onnx', graphOf(Buffer.alloc(24_000_000, field(1, Buffer.alloc(0)))));
});

test('millions of long integers of one byte', async () => {
  const numbers = field(7, Buffer.alloc(24_000_000, 1));
  await refused('numbers.onnx', graphOf(field(5, numbers)));
});

test('as many plain numbers are weights', async () => {
  const weights = onnx.TensorProto.encode({
    dataType: 6,
    dims: [9_000_000],
    int32Data: new Array<number>(9e6).fill(1),
  });
  const node = onnx.NodeProto.encode({ opType: 'Identity' });
  const graph = Buffer.concat([field(1, node.finish()), field(5, weights.finish())]);
  const { graph: read } = await decodeOnnx(put(folder, 'weights.onnx', graphOf(graph)));
  assert.equal(read.initializer![0]!.int32Data!.length, 9_000_000);
});

test('graphs in graphs, as deep as the file is long', async () => {
  const nested = (depth: number): Buffer => {
    let graph = field(1, field(4, Buffer.from('Identity')));
    for (let i = 0; i < depth; i++) graph = field(1, field(5, field(6, graph)));
    return graphOf(graph);
  };
  assert.ok(await decodeOnnx(put(folder, 'few.onnx', nested(60))));
  await assert.rejects(decodeOnnx(put(folder, 'deep.onnx', nested(1000))), {
    name: 'UserError',
    message: /its graphs are nested deeper than 64/,
  });
});
