/** Entry of `dist/native.js`: a library for the scripts of the repository, and a child process for the extension. */
import type { NativeChildMessage } from '../protocol/native';
import { toErrorData } from '../protocol/wire';
import { ensureNative } from './install';

export { ensureNative } from './install';
export { formatBytes } from './ladder';
export { cacheRoot, findNative, nativeRoot } from './locate';
export { probeOnnxRuntime } from './onnxruntime';

// Forked by the extension, and not loaded as a library.
if (process.send && require.main === module) void runAsChild();

/** The ladder as a forked process: it reports by messages, and stops when its parent closes the channel. */
async function runAsChild(): Promise<void> {
  const send = (message: NativeChildMessage) => {
    if (process.connected) process.send?.(message);
  };
  const cancelled = new AbortController();
  process.once('disconnect', () => cancelled.abort());
  try {
    const { native, cached, failures } = await ensureNative({
      signal: cancelled.signal,
      log: (line) => send({ kind: 'log', line }),
      onProgress: (progress) => send({ kind: 'progress', ...progress }),
    });
    send({ kind: 'done', tensorflow: native?.version, cached, failures });
  } catch (error) {
    send({ kind: 'failed', error: toErrorData(error) });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}
