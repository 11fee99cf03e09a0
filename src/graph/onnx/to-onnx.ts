/** Writes a graph as an ONNX model. */
import { onnx } from 'onnx-proto';
import { type Graph, type Value, isDynamic } from '../ir';
import { runPasses } from '../passes/pass';
import { onnxPasses, type OnnxTarget } from '../pipelines/pipelines';
import { blockedDomain } from './blocked';
import { onnxType } from './messages';
import { emitOnnx } from './operators';
import { OnnxWriter } from './writer';

export interface OnnxOptions extends OnnxTarget {
  /** Name of the graph inside the model, for example "forward". */
  name: string;
  /** Written to `metadata_props`. */
  metadata?: Readonly<Record<string, string>>;
  producerVersion?: string;
  docString?: string;
}

/**
 * The bytes of an ONNX model, opset 17, core operators only. Dimensions that depend on the batch are named "N"; nodes are
 * named by their scopes and initializers by `graph.constantNames`.
 *
 * @throws UserError for kernels without an ONNX form.
 */
export function toOnnx(graph: Graph, options: OnnxOptions): Uint8Array {
  return writeOnnx(runPasses(graph, onnxPasses(options)), options);
}

/** @param prepared by `onnxPasses` with the same options */
export function writeOnnx(prepared: Graph, options: OnnxOptions): Uint8Array {
  return onnx.ModelProto.encode(onnxModel(prepared, options)).finish();
}

/** As `writeOnnx`, before it is made of bytes. */
export function onnxModel(prepared: Graph, options: OnnxOptions): onnx.ModelProto {
  const writer = new OnnxWriter(prepared);
  for (const node of prepared.nodes) emitOnnx(node, writer);
  for (const { name, value } of prepared.outputs) {
    if (writer.nameOf(value) !== name) {
      writer.nodes.push({
        name: `${name}/Identity`,
        opType: 'Identity',
        input: [writer.nameOf(value)],
        output: [name],
      });
    }
  }
  const info = (name: string, id: number): onnx.IValueInfoProto =>
    valueInfo(name, prepared.values.get(id)!, prepared);
  return onnx.ModelProto.create({
    irVersion: onnx.Version.IR_VERSION,
    producerName: 'Flowscope',
    producerVersion: options.producerVersion ?? '',
    docString: options.docString ?? '',
    opsetImport: [
      { domain: '', version: 17 },
      ...(options.block === undefined ? [] : [{ domain: blockedDomain, version: 1 }]),
    ],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name,
      node: writer.nodes,
      initializer: writer.initializers,
      input: prepared.inputs.map(({ name, value }) => info(name, value)),
      output: prepared.outputs.map(({ name, value }) => info(name, value)),
    },
  });
}

function valueInfo(name: string, { shape, dtype }: Value, { dynamicBatch }: Graph): onnx.IValueInfoProto {
  const dim = shape.map((size) => {
    if (!isDynamic(size, dynamicBatch)) return { dimValue: size };
    return { dimParam: size === dynamicBatch ? 'N' : `${size / dynamicBatch!}*N` };
  });
  return { name, type: { tensorType: { elemType: onnxType[dtype], shape: { dim } } } };
}
