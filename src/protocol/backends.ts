/** The backends by name. `src/engine/backends/registry.ts` says what each is made of. */

/** Titles, in the order in which a backend for training is looked for. */
export const backendTitles = {
  tensorflow: 'TensorFlow',
  onnxruntime: 'ONNX Runtime',
  webgpu: 'WebGPU',
} as const;

export type BackendName = keyof typeof backendTitles;
export type BackendPreference = BackendName | 'auto';

export const backendPreferences: readonly BackendPreference[] = [
  'auto',
  ...(Object.keys(backendTitles) as BackendName[]),
];

export function isBackendPreference(value: unknown): value is BackendPreference {
  return (backendPreferences as readonly unknown[]).includes(value);
}
