import type { BackendInfo } from '../../protocol/model';
import { describeFile, type Described } from '../model/summary';
export async function summarizeOnnx(file: string, backend: BackendInfo): Promise<Described> {
  return describeFile(file, { format: 'onnx', bytes: 0, backend, tensors: [] });
}
