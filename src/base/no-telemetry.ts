/**
 * ONNX Runtime, from 1.29 on, tells Microsoft about each session, unless this is in the environment before it starts; then it makes no
 * identifier and no file of what it would send either. Nothing else switches all of it off.
 */
export const noTelemetry = { ORT_DISABLE_TELEMETRY: '1' } as const;

/** On the main thread, before ONNX Runtime is loaded on any: other threads have only a copy of the environment. */
export function refuseTelemetry(): void {
  Object.assign(process.env, noTelemetry);
}
