/** Texts of this part, in English and in German. */
import { bilingual } from '../format/numbers';

export const text = bilingual({
  horizontal: ['Horizontal axis', 'Waagrechte Achse'],
  byTime: ['time', 'Zeit'],
  vertical: ['Vertical axis', 'Senkrechte Achse'],
  linearAxis: 'linear',
  smoothing: ['Smoothing', 'Glättung'],
  smoothingValue: (value: string) => [
    `Smoothing ${value}; the faint line is not smoothed`,
    `Glättung ${value}; die blasse Linie ist ungeglättet`,
  ],
});
