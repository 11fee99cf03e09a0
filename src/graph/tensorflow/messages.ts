/** TensorFlow messages, in the few forms that are written here. */
import {
  AttrValue,
  GraphDef,
  MetaGraphDef,
  NodeDef,
  SavedModel,
  Tensor,
  TensorShape,
  VersionDef,
} from '@tensorflow/tfjs-node/dist/proto/api_pb.js';
import type { ConstantData, DType } from '../ir';

/** Numbers of TensorFlow's DataType. */
export const tensorFlowType: Record<DType, number> = { float32: 1, int32: 3, bool: 10 };

function attribute(set: (value: AttrValue) => void): AttrValue {
  const value = new AttrValue();
  set(value);
  return value;
}

export const typeAttribute = (dtype: DType): AttrValue => attribute((a) => a.setType(tensorFlowType[dtype]));
export const intAttribute = (value: number): AttrValue => attribute((a) => a.setI(value));
export const floatAttribute = (value: number): AttrValue => attribute((a) => a.setF(value));
export const boolAttribute = (value: boolean): AttrValue => attribute((a) => a.setB(value));
export const textAttribute = (value: string): AttrValue =>
  attribute((a) => a.setS(new TextEncoder().encode(value)));
export const shapeAttribute = (shape: readonly number[]): AttrValue =>
  attribute((a) => a.setShape(shapeProto(shape)));

export function intsAttribute(values: readonly number[]): AttrValue {
  const list = new AttrValue.ListValue();
  list.setIList([...values]);
  return attribute((a) => a.setList(list));
}

export function tensorAttribute(data: ConstantData, shape: readonly number[], dtype: DType): AttrValue {
  const tensor = new Tensor();
  tensor.setDtype(tensorFlowType[dtype]);
  tensor.setTensorShape(shapeProto(shape));
  tensor.setTensorContent(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return attribute((a) => a.setTensor(tensor));
}

/** -1 stands for a dimension that is not known before the graph runs. */
function shapeProto(shape: readonly number[]): TensorShape {
  const proto = new TensorShape();
  proto.setDimList(
    shape.map((size) => {
      const dim = new TensorShape.Dim();
      dim.setSize(size);
      return dim;
    }),
  );
  return proto;
}

export function nodeDef(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, AttrValue>>,
): NodeDef {
  const node = new NodeDef();
  node.setName(name);
  node.setOp(op);
  node.setInputList([...inputs]);
  for (const [key, value] of Object.entries(attributes)) node.getAttrMap().set(key, value);
  return node;
}

/** The bytes of a `saved_model.pb` with one graph under the tag "serve" and no variables folder. */
export function savedModel(nodes: NodeDef[]): Uint8Array {
  const versions = new VersionDef();
  // That of TensorFlow 2.9, the oldest that tfjs-node comes with.
  versions.setProducer(1087);
  const graph = new GraphDef();
  graph.setVersions(versions);
  graph.setNodeList(nodes);
  const info = new MetaGraphDef.MetaInfoDef();
  info.setTagsList(['serve']);
  const metaGraph = new MetaGraphDef();
  metaGraph.setMetaInfoDef(info);
  metaGraph.setGraphDef(graph);
  const model = new SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.addMetaGraphs(metaGraph);
  return model.serializeBinary();
}
