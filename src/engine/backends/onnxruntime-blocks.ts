/** How many channels ONNX Runtime puts into a block on this machine: it depends on the processor, and it does not say. */
import { keptOf } from '../../base/kept';
import { loadRuntime, newSession, type Runtime } from './onnx-session';
import { onnx } from 'onnx-proto';
import { blockedDomain } from '../../graph/onnx/blocked';

const channels = 32;

/** Found once by letting it reorder channels; undefined where it has no blocked layout. */
export const channelsInBlock = keptOf((runtime: Runtime) => findBlock(runtime));

async function findBlock(runtime: Runtime): Promise<number | undefined> {
  try {
    const session = await newSession(runtime, reordering(), {});
    // Two pixels: the second of the first channel comes after the block's channels of the first.
    const data = Float32Array.from({ length: 2 * channels }, (_, i) => i);
    const { y } = await session.run({ x: new runtime.Tensor('float32', data, [1, channels, 1, 2]) });
    await session.release();
    const block = (y!.data as Float32Array).indexOf(1);
    return block > 1 && channels % block === 0 ? block : undefined;
  } catch {
    return undefined;
  }
}

/** The same of the library that comes with the product; undefined also where it does not load. */
export async function blockOfThisMachine(): Promise<number | undefined> {
  try {
    return await channelsInBlock(loadRuntime());
  } catch {
    return undefined;
  }
}

function reordering(): Uint8Array {
  const port = (name: string): onnx.IValueInfoProto => ({
    name,
    type: {
      tensorType: {
        elemType: onnx.TensorProto.DataType.FLOAT,
        shape: { dim: [1, channels, 1, 2].map((dimValue) => ({ dimValue })) },
      },
    },
  });
  const message = onnx.ModelProto.create({
    irVersion: onnx.Version.IR_VERSION,
    opsetImport: [
      { domain: '', version: 17 },
      { domain: blockedDomain, version: 1 },
    ],
    graph: {
      name: 'blocks',
      node: [{ opType: 'ReorderInput', domain: blockedDomain, input: ['x'], output: ['y'] }],
      input: [port('x')],
      output: [port('y')],
    },
  });
  return onnx.ModelProto.encode(message).finish();
}
