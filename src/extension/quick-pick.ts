import { type QuickPickItem, QuickPickItemKind } from 'vscode';

/** Items under a heading; nothing at all where there are none. */
export function section<T extends QuickPickItem>(label: string, items: T[]): T[] {
  return items.length ? [{ label, kind: QuickPickItemKind.Separator } as T, ...items] : [];
}
