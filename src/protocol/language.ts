/** Languages that the pages are written in. */
export const languages = ['en', 'de'] as const;

export type Language = (typeof languages)[number];

/** "de-AT" → "de"; English for a language that we do not have. `tag` is a BCP 47 language tag. */
export function languageOf(tag: string | undefined): Language {
  const primary = tag?.toLowerCase().split('-')[0];
  return languages.find((language) => language === primary) ?? 'en';
}
