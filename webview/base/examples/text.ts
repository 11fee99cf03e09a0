/** Texts of this part, in English and in German. */
import { count, bilingual } from '../format/numbers';

export const text = bilingual({
  notFiniteSamples: (bad: number, n: number) => [
    `${bad} of ${n} samples are not finite`,
    `${bad} von ${n} Samples sind nicht endlich`,
  ],
  notFiniteSamplesWhy: [
    'The inverse meets NaN or ∞ on its way. Nothing is drawn in their place.',
    'Die Umkehrung trifft unterwegs auf NaN oder ∞. An deren Stelle wird nichts gezeichnet.',
  ],
  sourceOf: (name: string) => [`Where ${name} comes from`, `Woher ${name} kommt`],
  indexOf: (name: string, total: number) => [
    `Index of ${name}, 0–${total - 1}`,
    `Nummer von ${name}, 0–${total - 1}`,
  ],
  previousOf: (name: string) => [`Previous example for ${name}`, `Voriges Beispiel für ${name}`],
  nextOf: (name: string) => [`Next example for ${name}`, `Nächstes Beispiel für ${name}`],
  theSelected: ['the selected', 'das ausgewählte'],
  subject: ['Which example', 'Welches Beispiel'],
  aSampleOf: ['a sample', 'ein Sample'],
  sampleNumber: (n: number) => [`Number of the sample, 1–${n}`, `Nummer des Samples, 1–${n}`],
  drawnWith: (seed: number, temperature: string) => [
    `seed ${seed}, temperature ${temperature}`,
    `Seed ${seed}, Temperatur ${temperature}`,
  ],
  scoring: (done: number, planned: number) => [
    planned > 0 ? `${count(done)} of ${count(planned)} scored` : 'Opening',
    planned > 0 ? `${count(done)} von ${count(planned)} bewertet` : 'Wird geöffnet',
  ],
});
