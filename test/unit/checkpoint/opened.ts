/** What is asked of an open file, asked of the file at a path. */
import { containerOf } from '../../../src/checkpoint/tensor-file';
import { withModelFile } from '../../../src/checkpoint/model-file';
import { explainImport } from '../../../src/checkpoint/recognize/explain';
import { importTensors, type ImportOptions } from '../../../src/checkpoint/recognize/load';
import { openTensorFile } from '../../../src/checkpoint/tensor-file';
import type { TensorFile } from '../../../src/checkpoint/import/types';
import { firstBytes } from '../../../src/files/read';

async function whileOpen<T>(file: string, work: (opened: TensorFile) => Promise<T>): Promise<T> {
  const opened = await openTensorFile(file);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

export const importCheckpoint = (file: string, options?: ImportOptions) =>
  whileOpen(file, (opened) => importTensors(opened, options));

export const explainFile = (file: string, options?: ImportOptions) =>
  whileOpen(file, (opened) => explainImport(opened, options));

export const containerAt = async (file: string) => containerOf(await firstBytes(file, 2 ** 16));

/** What a path stands for. */
export const resolved = (given: string) =>
  withModelFile(given, (opened) => ({
    kind: opened.kind === 'tensors' ? opened.tensors.container : opened.kind,
    file: opened.file,
    run: opened.run,
  }));
