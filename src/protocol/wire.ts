/**
 * What a message may look like on its way between host and page, and between host and engine.
 *
 * VS Code carries webview messages as JSON and a list of buffers: NaN and ±∞ would become null, an Error would
 * become {}, a Node Buffer would arrive as a plain object, and a view into a larger buffer would carry all of it.
 * `encode` writes each of these so that `decode` on the other side gives back the same value.
 */
import { UserError } from '../base/user-error';
import type { UserErrorData } from './engine';

const numberTag = '$number';
const errorTag = '$error';

/** An error that crossed a process border. */
export interface ErrorData {
  message: string;
  userError?: boolean;
  /** Thrown because the call was cancelled. */
  cancelled?: boolean;
  stack?: string;
}

/** A call that its caller (or the user) cancelled: not a failure. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  constructor(message = 'Cancelled.') {
    super(message);
  }
}

export function toErrorData(error: unknown): ErrorData {
  if (error instanceof UserError) return { message: error.message, userError: true };
  if (error instanceof CancelledError) return { message: error.message, cancelled: true };
  if (error instanceof Error) {
    const named = error.name;
    if (named === 'CancelledError' || named === 'AbortError')
      return { message: error.message, cancelled: true };
    if (named === 'UserError') return { message: error.message, userError: true };
    return { message: error.message || named, stack: error.stack };
  }
  if (isUserErrorData(error)) return { message: error.message, userError: true };
  return { message: String(error) };
}

export function fromErrorData(data: ErrorData): Error {
  if (data.cancelled) return new CancelledError(data.message);
  if (data.userError) return new UserError(data.message);
  const error = new Error(data.message);
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

function isUserErrorData(value: unknown): value is UserErrorData {
  return typeof value === 'object' && value !== null && (value as { userError?: unknown }).userError === true;
}

/** A copy of `value` that JSON with buffers carries unchanged. Plain data, typed arrays and errors only. */
export function encode(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : { [numberTag]: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return exactBuffer(value);
  if (value instanceof ArrayBuffer) return value;
  if (value instanceof Error) return { [errorTag]: toErrorData(value) };
  if (Array.isArray(value)) return value.map(encode);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
}

export function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value;
  if (Array.isArray(value)) return value.map(decode);
  const tagged = value as Record<string, unknown>;
  if (typeof tagged[numberTag] === 'string') return Number(tagged[numberTag]);
  if (typeof tagged[errorTag] === 'object') return fromErrorData(tagged[errorTag] as ErrorData);
  return Object.fromEntries(Object.entries(tagged).map(([key, item]) => [key, decode(item)]));
}

/** The same numbers in a buffer of exactly their size, and never a Node Buffer. */
export function exactBuffer<T extends ArrayBufferView>(view: T): T;
export function exactBuffer(view: ArrayBufferView): ArrayBufferView {
  const exact = view.byteOffset === 0 && view.byteLength === view.buffer.byteLength;
  if (view instanceof Uint8Array)
    return exact && view.constructor === Uint8Array ? view : new Uint8Array(view);
  if (exact || view instanceof DataView) return view;
  const Typed = view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView;
  return new Typed(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

interface Envelope {
  e?: unknown;
}

/** For process messages, where only errors lose what they are. */
export function encodeEnvelope(message: unknown): unknown {
  const { e: error } = message as Envelope;
  return error === undefined ? message : { ...(message as object), e: { [errorTag]: toErrorData(error) } };
}

export function decodeEnvelope(message: unknown): unknown {
  const { e: error } = message as Envelope;
  if (error === undefined) return message;
  const tagged = (error as Record<string, unknown>)[errorTag];
  const data = typeof tagged === 'object' ? (tagged as ErrorData) : toErrorData(error);
  return { ...(message as object), e: fromErrorData(data) };
}
