/** tfjs-node's native add-on, loaded from the native folder, and its sessions. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding';
import type { NdArray } from '../../protocol/tensors';

/**
 * Loads the add-on. TensorFlow reads its settings from the environment when it is loaded, so the threads are set by the
 * first caller in a process.
 */
export function loadBinding(file: string, threads: number): TFJSBinding {
  process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] ??= String(threads);
  // Its greetings are not for users; errors stay.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const module = { exports: {} as TFJSBinding };
  process.dlopen(module, file);
  return module.exports;
}

/** One loaded SavedModel: a graph with its variables. */
export class Session {
  private readonly id: number;

  constructor(
    private readonly binding: TFJSBinding,
    model: Uint8Array,
  ) {
    const folder = mkdtempSync(path.join(tmpdir(), 'flowscope-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), model);
      this.id = binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Feeds are [node, array], fetches are nodes; results come in the order of the fetches. The arrays are used where they
   * are and not kept.
   */
  run(feeds: readonly (readonly [string, NdArray])[], fetches: readonly string[]): NdArray[] {
    const { binding } = this;
    const tensors: number[] = [];
    try {
      for (const [, { shape, data }] of feeds)
        tensors.push(binding.createTensor(shape, this.typeOf(data), data));
      const names = feeds.map(([name]) => `${name}:0`).join(',');
      const results = binding.runSavedModel(
        this.id,
        tensors,
        names,
        fetches.map((name) => `${name}:0`).join(','),
      );
      tensors.push(...results.map(({ id }) => id));
      return results.map(({ id, shape }) => ({ shape, data: binding.tensorDataSync(id) }));
    } finally {
      for (const id of tensors) binding.deleteTensor(id);
    }
  }

  dispose(): void {
    this.binding.deleteSavedModel(this.id);
  }

  private typeOf(data: NdArray['data']): number {
    if (data instanceof Float32Array) return this.binding.TF_FLOAT;
    return data instanceof Int32Array ? this.binding.TF_INT32 : this.binding.TF_BOOL;
  }
}
