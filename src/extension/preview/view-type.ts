export const previewView = 'flowscope.dataPreview';

/** From what the page keeps, so that its panel comes back with the window. */
export function sourceOf(state: unknown): string | undefined {
  const source = (state as { source?: unknown } | null | undefined)?.source;
  return typeof source === 'string' && source !== '' ? source : undefined;
}
