/** Entry of `dist/native.js`: a library for the scripts of the repository, and a child process for the extension. */
import { runAsChild } from './child';

export { ensureNative } from './install';
export { formatBytes } from './ladder';
export { cacheRoot, findNative, nativeRoot } from './locate';
export { probeOnnxRuntime } from './onnxruntime';

// Forked by the extension, and not loaded as a library.
if (process.send && require.main === module) void runAsChild();
