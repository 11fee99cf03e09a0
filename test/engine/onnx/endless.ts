/** An ONNX file that looks like a flow of two features and never comes to an end. */
import { onnx } from 'onnx-proto';
import { modelOf, port, stored } from './small-graph';

const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

/** x goes through a loop of so many rounds that no machine gets through them, and does nothing in any of them. */
const rounds = 2 ** 52;

export function endlessModel(): Uint8Array {
  const flag = (name: string) => ({
    name,
    type: { tensorType: { elemType: DataType.BOOL, shape: { dim: [] } } },
  });
  const body: onnx.IGraphProto = {
    name: 'round',
    input: [
      { name: 'i', type: { tensorType: { elemType: DataType.INT64, shape: { dim: [] } } } },
      flag('go'),
      port('before', ['n', 2]),
    ],
    output: [flag('go_on'), port('after', ['n', 2])],
    node: [
      { opType: 'Identity', input: ['go'], output: ['go_on'] },
      { opType: 'Identity', input: ['before'], output: ['after'] },
    ],
  };
  return modelOf({
    input: [port('x', ['n', 2])],
    output: [port('z', ['n', 2]), port('logdet', ['n'])],
    initializer: [
      { name: 'rounds', dims: [], dataType: DataType.INT64, int64Data: [rounds] },
      { name: 'axes', dims: [1], dataType: DataType.INT64, int64Data: [1] },
      { name: 'true', dims: [], dataType: DataType.BOOL, int32Data: [1] },
      stored('zero', [0]),
    ],
    node: [
      {
        opType: 'Loop',
        input: ['rounds', 'true', 'x'],
        output: ['z'],
        attribute: [{ name: 'body', type: AttributeType.GRAPH, g: body }],
      },
      { opType: 'Mul', input: ['z', 'zero'], output: ['nothing'] },
      {
        opType: 'ReduceSum',
        input: ['nothing', 'axes'],
        output: ['logdet'],
        attribute: [{ name: 'keepdims', type: AttributeType.INT, i: 0 }],
      },
    ],
  });
}
