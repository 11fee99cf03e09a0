/** ONNX messages, in the few forms that are written here. */
import { onnx } from 'onnx-proto';
import { convolutionAttrs, type ConstantData, type DType, type Node } from '../ir';

const { AttributeType } = onnx.AttributeProto;
const { DataType } = onnx.TensorProto;

export type Attribute = onnx.IAttributeProto;

export const onnxType: Record<DType, number> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  bool: DataType.BOOL,
};

export const int64Type = DataType.INT64;

export function intAttribute(name: string, i: number): Attribute {
  return { name, type: AttributeType.INT, i };
}

export function stringAttribute(name: string, text: string): Attribute {
  return { name, type: AttributeType.STRING, s: new TextEncoder().encode(text) };
}

export function intsAttribute(name: string, ints: readonly number[]): Attribute {
  return { name, type: AttributeType.INTS, ints: [...ints] };
}

export function floatAttribute(name: string, f: number): Attribute {
  return { name, type: AttributeType.FLOAT, f };
}

/** Strides, dilations and padding; ONNX has the beginnings of both axes before their ends. */
export function convolutionAttributes(node: Node): Attribute[] {
  const { strides, dilations, pad } = convolutionAttrs(node);
  return [
    intsAttribute('strides', strides),
    intsAttribute('dilations', dilations),
    intsAttribute('pads', [pad[0], pad[2], pad[1], pad[3]]),
  ];
}

export function tensorAttribute(name: string, t: onnx.ITensorProto): Attribute {
  return { name, type: AttributeType.TENSOR, t };
}

export function tensorProto(
  name: string,
  data: ConstantData,
  shape: readonly number[],
  dtype: DType,
): onnx.ITensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: [...shape], dataType: onnxType[dtype], rawData };
}

export function int64Proto(
  name: string,
  values: readonly number[],
  shape: readonly number[] = [values.length],
): onnx.ITensorProto {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [...shape], dataType: int64Type, rawData };
}
