/** Texts of this part, in English and in German. */
import { count } from '../format/numbers';
import { inLanguage } from '../format/language';

export const english = {
  notFiniteSamples: (bad: number, n: number) => `${bad} of ${n} samples are not finite`,
  notFiniteSamplesWhy: 'The inverse meets NaN or ∞ on its way. Nothing is drawn in their place.',
  sourceOf: (name: string) => `Where ${name} comes from`,
  indexOf: (name: string, total: number) => `Index of ${name}, 0–${total - 1}`,
  previousOf: (name: string) => `Previous example for ${name}`,
  nextOf: (name: string) => `Next example for ${name}`,
  theSelected: 'the selected',
  subject: 'Which example',
  aSampleOf: 'a sample',
  sampleNumber: (n: number) => `Number of the sample, 1–${n}`,
  drawnWith: (seed: number, temperature: string) => `seed ${seed}, temperature ${temperature}`,
  scoring: (done: number, planned: number) =>
    planned > 0 ? `${count(done)} of ${count(planned)} scored` : 'Opening',
};

export const german: typeof english = {
  notFiniteSamples: (bad: number, n: number) => `${bad} von ${n} Samples sind nicht endlich`,
  notFiniteSamplesWhy:
    'Die Umkehrung trifft unterwegs auf NaN oder ∞. An deren Stelle wird nichts gezeichnet.',
  sourceOf: (name: string) => `Woher ${name} kommt`,
  indexOf: (name: string, total: number) => `Nummer von ${name}, 0–${total - 1}`,
  previousOf: (name: string) => `Voriges Beispiel für ${name}`,
  nextOf: (name: string) => `Nächstes Beispiel für ${name}`,
  theSelected: 'das ausgewählte',
  subject: 'Welches Beispiel',
  aSampleOf: 'ein Sample',
  sampleNumber: (n) => `Nummer des Samples, 1–${n}`,
  drawnWith: (seed, temperature) => `Seed ${seed}, Temperatur ${temperature}`,
  scoring: (done, planned) =>
    planned > 0 ? `${count(done)} von ${count(planned)} bewertet` : 'Wird geöffnet',
};

export const text = inLanguage(english, german);
