import { l10n } from 'vscode';

/** What presets and sets of conventions are called and described as, in the language of the window. */
export function inWindowLanguage<T extends { title: string; about: string }>(one: T): T {
  const translated = (text: string): string => l10n.bundle?.[text] ?? text;
  return { ...one, title: translated(one.title), about: translated(one.about) };
}
