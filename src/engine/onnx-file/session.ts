/** An ONNX file in ONNX Runtime. */
import { runsOver, toArray } from '../backends/onnxruntime-session';
import { openFileSession } from '../backends/onnx-session';
import type { Tensor } from 'onnxruntime-node';
import { UserError } from '../../base/user-error';
import type { Feeds } from '../backends/backend';

/** @param nodes of its graph, as far as they are known @throws UserError when ONNX Runtime cannot load the file */
export async function openSession(file: string, nodes = 0) {
  const options = { intraOpNumThreads: 1, ...runsOver(nodes) };
  const { session, tensor, run } = await openFileSession(file, file, options);
  return {
    /** Feeds of float32; inputs that the file does not have are left out. */
    async run(feeds: Feeds) {
      const inputs = session.inputNames.map((name): [string, Tensor] => {
        const feed = feeds[name];
        if (!feed) throw new UserError(`${file}: takes an input "${name}", which is not known here.`);
        return [name, tensor(feed.data as Float32Array, feed.shape)];
      });
      const results = await run(Object.fromEntries(inputs));
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, toArray(value)]));
    },
    dispose: () => session.release(),
  };
}
