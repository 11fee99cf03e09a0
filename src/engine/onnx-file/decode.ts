/** Decodes an ONNX file alone: without the weights that it keeps in other files. */
import type { FileHandle } from 'node:fs/promises';
import { onnx } from 'onnx-proto';
import { Reader } from 'protobufjs/minimal';
import { UserError } from '../../base/user-error';
import { openFile, readError } from '../../files/read';

/** Bytes; a protocol buffer cannot be larger. */
export const largestModel = 2 ** 31 - 1;

/** @throws UserError for a file that cannot be read or is not an ONNX model */
export async function decodeOnnx(file: string) {
  const bytes = await readWhole(file);
  const bad = (what: string): UserError =>
    new UserError(`${file}: is not a valid ONNX model: ${what}. Export it again.`);
  if (bytes.length === 0) throw bad('the file is empty');
  let model: onnx.ModelProto;
  try {
    model = onnx.ModelProto.decode(new CountingReader(bytes));
  } catch (error) {
    throw bad(`it is damaged or cut off (${(error as Error).message})`);
  }
  const { graph } = model;
  if (!graph?.node || graph.node.length === 0) throw bad('it holds no graph');
  checkNesting(model, () => bad(`its graphs are nested deeper than ${deepest}`));
  const nodes = countNodes(model, () => bad(`its functions call each other deeper than ${deepest}`));
  if (nodes > mostNodes) throw bad(`with its functions put in place it has more than ${mostNodes} nodes`);
  return {
    bytes: bytes.length,
    model,
    /** Graph of the model, with at least one node. */
    graph: { ...graph, node: graph.node },
  };
}

/** Greatest depth of graphs in graphs, such as the branches of an If; code that visits them recurses as deeply. */
const deepest = 64;

function checkNesting({ graph, functions }: onnx.ModelProto, tooDeep: () => UserError): void {
  let nodes = [graph?.node ?? [], ...functions.map(({ node }) => node ?? [])].flat();
  for (let depth = 0; nodes.length > 0; depth++) {
    if (depth > deepest) throw tooDeep();
    nodes = nodes.flatMap(({ attribute }) =>
      (attribute ?? []).flatMap(({ g, graphs }) =>
        [g, ...(graphs ?? [])].flatMap((inner) => inner?.node ?? []),
      ),
    );
  }
}

/** ONNX Runtime puts functions in the place of their calls, so that a few that call each other twice can be any number of nodes. */
const mostNodes = 2 ** 20;

function countNodes({ graph, functions }: onnx.ModelProto, tooDeep: () => UserError): number {
  const nameOf = (domain: unknown, name: unknown): string => JSON.stringify([domain ?? '', name ?? '']);
  const byName = new Map(functions.map((one) => [nameOf(one.domain, one.name), one]));
  const known = new Map<onnx.IFunctionProto, number>();
  const inFunction = (called: onnx.IFunctionProto, depth: number): number => {
    if (depth > deepest) throw tooDeep();
    const count = known.get(called) ?? countOf(called.node ?? [], depth);
    known.set(called, count);
    return count;
  };
  const countOf = (nodes: readonly onnx.INodeProto[], depth: number): number => {
    let count = nodes.length;
    for (const { domain, opType, attribute } of nodes) {
      const called = byName.get(nameOf(domain, opType));
      if (called) count += inFunction(called, depth + 1);
      for (const { g, graphs } of attribute ?? [])
        for (const inner of [g, ...(graphs ?? [])]) count += countOf(inner?.node ?? [], depth);
    }
    return count;
  };
  return countOf(graph?.node ?? [], 0);
}

/** Fields, lengths and long integers. A node has some thirty; weights are bytes or plain numbers, which do not count. */
const mostParts = 2 ** 23;

/** A node of two bytes becomes an object of a hundred, and each byte of a list of long integers one of forty. */
class CountingReader extends Reader {
  #parts = 0;

  #count(): void {
    if (++this.#parts > mostParts) throw new Error(`it has more than ${mostParts} parts`);
  }
  override uint32(): number {
    this.#count();
    return super.uint32();
  }
  override int32(): number {
    return super.uint32() | 0;
  }
  override int64(): ReturnType<Reader['int64']> {
    this.#count();
    return super.int64();
  }
  override uint64(): ReturnType<Reader['uint64']> {
    this.#count();
    return super.uint64();
  }
}

async function readWhole(file: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(file, 'an ONNX model');
    const { size } = await handle.stat();
    if (size > largestModel) throw new UserError(`${file}: is larger than 2 GiB, which no ONNX file can be.`);
    const content = await handle.readFile();
    // A plain view: protobuf readers copy what they take out of a Buffer.
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    throw readError(file, error);
  } finally {
    await handle?.close();
  }
}
