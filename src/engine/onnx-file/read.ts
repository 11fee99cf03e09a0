/** Reads the structure of an ONNX file: ports, operators, metadata, names and shapes of its tensors; no values. */
import { open, type FileHandle } from 'node:fs/promises';
import { onnx } from 'onnx-proto';
import { UserError } from '../../config/user-error';
import { readError } from '../../files/read';
import type { OnnxSummary, TensorEntry } from '../../protocol/model';

/** A protocol buffer cannot be larger. */
const largest = 2 ** 31 - 1;

export interface OnnxFile {
  file: string;
  bytes: number;
  summary: OnnxSummary;
  tensors: TensorEntry[];
}

interface Port {
  name: string;
  dtype: string;
  shape: (number | string)[];
}

/** @throws UserError for a file that cannot be read or is no ONNX model */
export async function readOnnx(file: string): Promise<OnnxFile> {
  const bytes = await readWhole(file);
  const bad = (what: string): UserError =>
    new UserError(`${file}: is not a valid ONNX model: ${what}. Export it again.`);
  if (bytes.length === 0) throw bad('the file is empty');
  let model: onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw bad(`it is damaged or cut off (${(error as Error).message})`);
  }
  const { graph } = model;
  if (!graph?.node || graph.node.length === 0) throw bad('it holds no graph');
  const initializers = graph.initializer ?? [];
  const stored = new Set(initializers.map(({ name }) => name));
  const opset = model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx');
  const counts = new Map<string, number>();
  for (const { domain, opType } of graph.node) {
    const op = domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : (opType ?? '');
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return {
    file,
    bytes: bytes.length,
    summary: {
      opset: Number(opset?.version ?? 0),
      producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
      // Older files list their weights among the inputs.
      inputs: (graph.input ?? []).filter(({ name }) => !stored.has(name)).map(portOf),
      outputs: (graph.output ?? []).map(portOf),
      operators: [...counts]
        .map(([op, count]) => ({ op, count }))
        .sort((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1)),
      metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? ''])),
    },
    tensors: initializers.map(({ name, dims, dataType }) => ({
      name: name ?? '',
      shape: (dims ?? []).map(Number),
      dtype: typeName(dataType),
    })),
  };
}

function portOf({ name, type }: onnx.IValueInfoProto): Port {
  const tensor = type?.tensorType;
  return {
    name: name ?? '',
    dtype: typeName(tensor?.elemType),
    shape: (tensor?.shape?.dim ?? []).map(
      ({ dimParam, dimValue }) => dimParam || Number(dimValue ?? 0) || '?',
    ),
  };
}

function typeName(code: number | null | undefined): string {
  return (onnx.TensorProto.DataType[code ?? 0] ?? 'unknown').toLowerCase();
}

async function readWhole(file: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const { size } = await handle.stat();
    if (size > largest) {
      throw new UserError(`${file}: is larger than 2 GiB, which no ONNX file can be.`);
    }
    const content = await handle.readFile();
    // A plain view: protobuf readers copy what they take out of a Buffer.
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    throw readError(file, error);
  } finally {
    await handle?.close();
  }
}
