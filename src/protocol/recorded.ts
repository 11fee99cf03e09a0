/** Writing answers into a saved page and reading them back: JSON, with typed arrays and non-finite numbers kept. */
import { fromBase64, toBase64 } from '../base/base64';
import type { RecordedPage } from './webview';

const arrays = { $f32: Float32Array, $f64: Float64Array, $i32: Int32Array, $u8: Uint8Array } as const;

/** JSON text of a recorded page. Safe inside a script element: no `<` is left in it. */
export function encodeRecorded(page: RecordedPage): string {
  return JSON.stringify(page, (_, value: unknown) => encodeValue(value)).replaceAll('<', '\\u003c');
}

/** About how many bytes an answer adds to a page. */
export function recordedSize(answer: unknown): number {
  return JSON.stringify(answer, (_, value: unknown) => encodeValue(value)).length;
}

/** Throws a `SyntaxError` for text that is not JSON, and an `Error` for another version of the page. */
export function decodeRecorded(text: string): RecordedPage {
  const page = JSON.parse(text, (_, value: unknown) => decodeValue(value)) as Omit<
    RecordedPage,
    'version'
  > & { version: unknown };
  if (page.version !== 1)
    throw new Error(`This page holds answers of version ${String(page.version)}; version 1 was expected.`);
  return page as RecordedPage;
}

function encodeValue(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return { $n: String(value) };
  for (const [tag, type] of Object.entries(arrays))
    if (value instanceof type) return { [tag]: toBase64(value) };
  return value;
}

function decodeValue(value: unknown): unknown {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (keys.length !== 1) return value;
  const [key, content] = Object.entries(value)[0] as [string, unknown];
  if (typeof content !== 'string') return value;
  if (key === '$n') return Number(content);
  if (!(key in arrays)) return value;
  const bytes = fromBase64(content);
  return new arrays[key as keyof typeof arrays](bytes.buffer);
}
