/** Texts of this feature, in English and in German. */
import { bilingual } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Order', 'Reihenfolge'],
  noOrder: ['This layer has no order', 'Diese Schicht hat keine Reihenfolge'],
  noOrderWhy: [
    'Choose an autoregressive layer: it maps the features one after the other.',
    'Wähle eine autoregressive Schicht: Sie bildet ein Merkmal nach dem anderen ab.',
  ],
  allUsed: (allowed: number) => [
    allowed === 1
      ? 'The one link that the order allows is used.'
      : `All ${allowed} links that the order allows are used.`,
    allowed === 1
      ? 'Die eine Abhängigkeit, die die Reihenfolge erlaubt, ist genutzt.'
      : `Alle ${allowed} Abhängigkeiten, die die Reihenfolge erlaubt, sind genutzt.`,
  ],
  hardly: (hardly: number, allowed: number, links: string) => [
    `${hardly} of ${allowed} links that the order allows ${hardly === 1 ? 'is' : 'are'} hardly used: ${links}.`,
    `${hardly} von ${allowed} erlaubten Abhängigkeiten ${hardly === 1 ? 'ist' : 'sind'} kaum genutzt: ${links}.`,
  ],
  noneBreaks: ['None breaks it.', 'Keine verletzt sie.'],
  breaks: (count: number, links: string) => [
    `${count} ${count === 1 ? 'link breaks' : 'links break'} the order: ${links}. Its log-det cannot be trusted.`,
    `${count} ${count === 1 ? 'Abhängigkeit verletzt' : 'Abhängigkeiten verletzen'} die Reihenfolge: ${links}. Der Log-Determinante ist nicht zu trauen.`,
  ],
  oneFeature: [
    'There is one feature, which depends on no other.',
    'Es gibt ein Merkmal, das von keinem anderen abhängt.',
  ],
  allowed: ['Allowed', 'Erlaubt'],
  byOrder: ['by the order', 'nach der Reihenfolge'],
  measured: ['Measured', 'Gemessen'],
  meanOf: (count: number) => [`mean |∂y/∂x| of ${count}`, `Mittel von |∂y/∂x|, ${count} Beispiele`],
  rows: ['Row: output, column: input.', 'Zeile: Ausgabe, Spalte: Eingabe.'],
  allowedNote: ['Gray: may depend on it; hatched: may not.', 'Grau: darf abhängen; schraffiert: darf nicht.'],
  measuredNote: [
    'Dashed: allowed, but under 2% of the diagonal.',
    'Gestrichelt: erlaubt, aber unter 2 % der Diagonale.',
  ],
  mayRead: ['may depend on it', 'darf davon abhängen'],
  itself: ['itself', 'es selbst'],
  mayNot: ['may not depend on it', 'darf nicht davon abhängen'],
  sort: ['Order of the maps', 'Reihenfolge der Karten'],
  mappedOrder: ['as mapped', 'wie abgebildet'],
  byFeature: ['features', 'Merkmale'],
  dependsOn: ['depends on', 'hängt ab von'],
  nothing: ['nothing', 'nichts'],
  more: (count: number) => [`and ${count} more`, `und ${count} weiteren`],
  cost: ['What a pass costs', 'Was ein Durchgang kostet'],
  toLatent: ['score (x → z)', 'bewerten (x → z)'],
  toData: ['sample (z → x)', 'Samples ziehen (z → x)'],
  passes: (count: number) => [
    count === 1 ? 'one pass' : `${count} passes`,
    count === 1 ? 'ein Durchlauf' : `${count} Durchläufe`,
  ],
  costWhy: (slow: number, sampling: boolean) => [
    `The network runs once for all features in the fast direction. ${sampling ? 'Sampling' : 'Scoring'} takes ${slow} runs, since each feature waits for those before it.`,
    `In der schnellen Richtung läuft das Netz einmal für alle Merkmale. ${sampling ? 'Samples zu ziehen' : 'Zu bewerten'} braucht ${slow} Läufe, denn jedes Merkmal wartet auf die vor ihm.`,
  ],
  positions: ['places', 'Plätze'],
  places: ['Places that are shown', 'Gezeigte Plätze'],
});
