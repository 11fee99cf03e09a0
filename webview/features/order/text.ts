/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  tab: 'Order',
  noOrder: 'This layer has no order',
  noOrderWhy: 'Choose an autoregressive layer: it maps the features one after the other.',
  allUsed: (allowed: number) =>
    allowed === 1
      ? 'The one link that the order allows is used.'
      : `All ${allowed} links that the order allows are used.`,
  hardly: (hardly: number, allowed: number, links: string) =>
    `${hardly} of ${allowed} links that the order allows ${hardly === 1 ? 'is' : 'are'} hardly used: ${links}.`,
  noneBreaks: 'None breaks it.',
  breaks: (count: number, links: string) =>
    `${count} ${count === 1 ? 'link breaks' : 'links break'} the order: ${links}. Its log-det cannot be trusted.`,
  oneFeature: 'There is one feature, which depends on no other.',
  allowed: 'Allowed',
  byOrder: 'by the order',
  measured: 'Measured',
  meanOf: (count: number) => `mean |∂y/∂x| of ${count}`,
  rows: 'Row: output, column: input.',
  allowedNote: 'Gray: may depend on it; hatched: may not.',
  measuredNote: 'Dashed: allowed, but under 2% of the diagonal.',
  mayRead: 'may depend on it',
  itself: 'itself',
  mayNot: 'may not depend on it',
  sort: 'Order of the maps',
  own: 'as mapped',
  byFeature: 'features',
  dependsOn: 'depends on',
  nothing: 'nothing',
  more: (count: number) => `and ${count} more`,
  cost: 'What a pass costs',
  toLatent: 'score (x → z)',
  toData: 'sample (z → x)',
  passes: (count: number) => (count === 1 ? 'one pass' : `${count} passes`),
  costWhy: (slow: number, sampling: boolean) =>
    `The network runs once for all features in the fast direction. ${sampling ? 'Sampling' : 'Scoring'} takes ${slow} runs, since each feature waits for those before it.`,
  placesShown: (from: number, to: number, of: number) => `places ${from}–${to} of ${of}`,
  places: 'Places that are shown',
};

export const german: typeof english = {
  tab: 'Reihenfolge',
  noOrder: 'Diese Schicht hat keine Reihenfolge',
  noOrderWhy: 'Wähle eine autoregressive Schicht: Sie bildet ein Merkmal nach dem anderen ab.',
  allUsed: (allowed) =>
    allowed === 1
      ? 'Die eine Abhängigkeit, die die Reihenfolge erlaubt, ist genutzt.'
      : `Alle ${allowed} Abhängigkeiten, die die Reihenfolge erlaubt, sind genutzt.`,
  hardly: (hardly, allowed, links) =>
    `${hardly} von ${allowed} erlaubten Abhängigkeiten ${hardly === 1 ? 'ist' : 'sind'} kaum genutzt: ${links}.`,
  noneBreaks: 'Keine verletzt sie.',
  breaks: (count, links) =>
    `${count} ${count === 1 ? 'Abhängigkeit verletzt' : 'Abhängigkeiten verletzen'} die Reihenfolge: ${links}. Der Log-Determinante ist nicht zu trauen.`,
  oneFeature: 'Es gibt ein Merkmal, das von keinem anderen abhängt.',
  allowed: 'Erlaubt',
  byOrder: 'nach der Reihenfolge',
  measured: 'Gemessen',
  meanOf: (count) => `Mittel von |∂y/∂x|, ${count} Beispiele`,
  rows: 'Zeile: Ausgabe, Spalte: Eingabe.',
  allowedNote: 'Grau: darf abhängen; schraffiert: darf nicht.',
  measuredNote: 'Gestrichelt: erlaubt, aber unter 2 % der Diagonale.',
  mayRead: 'darf davon abhängen',
  itself: 'es selbst',
  mayNot: 'darf nicht davon abhängen',
  sort: 'Reihenfolge der Karten',
  own: 'wie abgebildet',
  byFeature: 'Merkmale',
  dependsOn: 'hängt ab von',
  nothing: 'nichts',
  more: (count) => `und ${count} weiteren`,
  cost: 'Was ein Durchgang kostet',
  toLatent: 'bewerten (x → z)',
  toData: 'Samples ziehen (z → x)',
  passes: (count) => (count === 1 ? 'ein Durchlauf' : `${count} Durchläufe`),
  costWhy: (slow, sampling) =>
    `In der schnellen Richtung läuft das Netz einmal für alle Merkmale. ${sampling ? 'Samples zu ziehen' : 'Zu bewerten'} braucht ${slow} Läufe, denn jedes Merkmal wartet auf die vor ihm.`,
  placesShown: (from, to, of) => `Plätze ${from}–${to} von ${of}`,
  places: 'Gezeigte Plätze',
};

export const text = inLanguage(english, german);
