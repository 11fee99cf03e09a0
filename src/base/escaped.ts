const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For texts and quoted attributes of HTML and SVG. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => entities[c]!);
