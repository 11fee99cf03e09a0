/** ONNX files of a few nodes, of float32. */
import { onnx } from 'onnx-proto';

const { DataType } = onnx.TensorProto;

export const port = (name: string, dims: readonly (number | string)[]): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DataType.FLOAT,
      shape: { dim: dims.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
});

export const stored = (
  name: string,
  values: readonly number[],
  dims = [values.length],
): onnx.ITensorProto => ({ name, dims, dataType: DataType.FLOAT, floatData: [...values] });

export function modelOf(graph: onnx.IGraphProto): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: { name: 'test', ...graph },
  }).finish();
}
