/** Entry of `dist/native.js`, by which the scripts of the repository use the ladder. */
export { doctorLines } from './doctor';
export { ensureNative } from './install';
export { formatBytes } from './ladder';
export { cacheRoot, findNative, nativeRoot } from './locate';
export { probeOnnxRuntime } from './onnxruntime';
