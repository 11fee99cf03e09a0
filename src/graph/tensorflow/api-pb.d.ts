/** The part of TensorFlow's messages that is written here; tfjs-node ships the classes without types. */
declare module '@tensorflow/tfjs-node/dist/proto/api_pb.js' {
  interface MessageMap<T> {
    set(key: string, value: T): void;
  }

  export class TensorShape {
    setDimList(dims: TensorShape.Dim[]): void;
    setUnknownRank(unknown: boolean): void;
  }
  export namespace TensorShape {
    class Dim {
      setSize(size: number): void;
    }
  }

  export class Tensor {
    setDtype(type: number): void;
    setTensorShape(shape: TensorShape): void;
    setTensorContent(bytes: Uint8Array): void;
  }

  export class AttrValue {
    setType(type: number): void;
    setI(value: number): void;
    setF(value: number): void;
    setB(value: boolean): void;
    setS(value: Uint8Array): void;
    setShape(shape: TensorShape): void;
    setTensor(tensor: Tensor): void;
    setList(list: AttrValue.ListValue): void;
  }
  export namespace AttrValue {
    class ListValue {
      setIList(values: number[]): void;
    }
  }

  export class NodeDef {
    setName(name: string): void;
    setOp(op: string): void;
    setInputList(inputs: string[]): void;
    getAttrMap(): MessageMap<AttrValue>;
  }

  export class VersionDef {
    setProducer(version: number): void;
  }

  export class GraphDef {
    setNodeList(nodes: NodeDef[]): void;
    setVersions(versions: VersionDef): void;
  }

  export class MetaGraphDef {
    setMetaInfoDef(info: MetaGraphDef.MetaInfoDef): void;
    setGraphDef(graph: GraphDef): void;
  }
  export namespace MetaGraphDef {
    class MetaInfoDef {
      setTagsList(tags: string[]): void;
    }
  }

  export class SavedModel {
    setSavedModelSchemaVersion(version: number): void;
    addMetaGraphs(graph: MetaGraphDef): void;
    serializeBinary(): Uint8Array;
  }
}
