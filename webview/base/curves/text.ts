/** Texts of this part, in English and in German. */
import { inLanguage } from '../format/language';

export const english = {
  horizontal: 'Horizontal axis',
  byTime: 'time',
  vertical: 'Vertical axis',
  linearAxis: 'linear',
  smoothing: 'Smoothing',
  smoothingValue: (value: string) => `Smoothing ${value}; the faint line is not smoothed`,
};

export const german: typeof english = {
  horizontal: 'Waagrechte Achse',
  byTime: 'Zeit',
  vertical: 'Senkrechte Achse',
  linearAxis: 'linear',
  smoothing: 'Glättung',
  smoothingValue: (value) => `Glättung ${value}; die blasse Linie ist ungeglättet`,
};

export const text = inLanguage(english, german);
