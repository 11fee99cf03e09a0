/** Texts of this feature, in English and in German. */
import type { WorstKind } from '../../../src/protocol/check';
import { bilingual, type Both } from '../../base/format/numbers';

export const text = bilingual({
  tab: ['Check', 'Prüfung'],
  unit: ['draws', 'Ziehungen'],
  notRun: ['Is this the right density?', 'Ist die Dichte richtig?'],
  why: (parameters: string) => [
    `Choose a Python function of the log density that is right; it need not be normalized: log_prob(${parameters}), n rows to n numbers, −inf outside the support. Draws of the flow are weighed with it, which shows where the flow is wrong and which layer to look at. The function is your code: it runs in a process of its own, and only when you press the button.`,
    `Eine Python-Funktion der richtigen log-Dichte wählen; sie muss nicht normiert sein: log_prob(${parameters}), n Zeilen zu n Zahlen, −inf außerhalb des Trägers. Ziehungen des Flows werden mit ihr gewichtet. Das zeigt, wo er falsch ist und welche Schicht anzusehen ist. Die Funktion ist Ihr Code: sie läuft in einem eigenen Prozess und erst auf Knopfdruck.`,
  ],
  whyOfTarget: (target: string) => [
    `The flow was trained on ${target}. Draws of the flow are weighed with that density, which shows where the flow is wrong and which layer to look at.`,
    `Der Flow wurde auf ${target} trainiert. Ziehungen des Flows werden mit dieser Dichte gewichtet. Das zeigt, wo er falsch ist und welche Schicht anzusehen ist.`,
  ],
  whyExamples: [
    'Without a function: classifiers try to tell the latents of held-out examples from draws of the base, which in a right flow they cannot.',
    'Ohne Funktion: Klassifikatoren versuchen, die Latents zurückgehaltener Beispiele von Ziehungen der Basis zu unterscheiden. Bei einem richtigen Flow gelingt das nicht.',
  ],
  againstExamples: ['Check against held-out examples', 'Gegen zurückgehaltene Beispiele prüfen'],
  prior: [
    'Prior: draws outside of it are counted. -1:1 for all features, or 0:1,-3:3 for each.',
    'Prior: Ziehungen außerhalb werden gezählt. -1:1 für alle Merkmale, oder 0:1,-3:3 für jedes.',
  ],
  priorHint: ['prior, as -1:1', 'Prior, etwa -1:1'],
  parts: ['parts', 'Teilen'],
  examples: ['held-out examples', 'zurückgehaltene Beispiele'],
  local: ['At observations', 'An Beobachtungen'],
  localNote: [
    'how far a classifier’s chance of an example is from ½; gray: by chance',
    'wie weit die Chance eines Beispiels beim Klassifikator von ½ ist; grau: Zufall',
  ],
  localAxis: ['observations, by distance', 'Beobachtungen, nach Abstand'],
  farthest: ['Observations that are farthest', 'Fernste Beobachtungen'],
  example: ['example', 'Beispiel'],
  found: ['found', 'gefunden'],
  byChance: ['by chance up to', 'zufällig bis'],
  whereOfExamples: [
    'log odds of an example; + the flow has too little, − too much',
    'log-Chance eines Beispiels; + der Flow hat zu wenig, − zu viel',
  ],
  choose: ['Choose a function…', 'Funktion wählen…'],
  other: ['Other function…', 'Andere Funktion…'],
  failed: ['The check failed', 'Die Prüfung ist gescheitert'],
  layersLast: [
    'Which layer to look at comes last, when all draws are weighed.',
    'Welche Schicht anzusehen ist, kommt zuletzt, wenn alle Ziehungen gewichtet sind.',
  ],
  efficiency: ['Efficiency', 'Wirkungsgrad'],
  paretoK: ['Pareto k', 'Pareto-k'],
  evidence: ['Log evidence', 'log-Evidenz'],
  outside: ['Outside the support', 'Außerhalb des Trägers'],
  divergence: [
    'Of the flow from the target, ∞ where draws are outside; of the target from the flow.',
    'Des Flows vom Ziel, ∞, wo Ziehungen außerhalb liegen; des Ziels vom Flow.',
  ],
  nonFinite: (n: string) => [
    `log q of ${n} draws is not finite; nothing else counts them.`,
    `log q von ${n} Ziehungen ist nicht endlich; sonst zählt sie nichts.`,
  ],
  nonFiniteExamples: (n: string) => [
    `${n} examples or draws beside them are not finite; nothing counts them.`,
    `${n} Beispiele oder Ziehungen daneben sind nicht endlich; nichts zählt sie.`,
  ],
  weights: ['Log weights', 'Log-Gewichte'],
  weightsNote: ['counts, log axis', 'Anzahlen, log. Achse'],
  weightAxis: ['log w, nats; 0: the flow is right', 'log w, Nats; 0: der Flow stimmt'],
  outsideCount: (n: string) => [`${n} outside`, `${n} außerhalb`],
  tail: (n: string) => [`tail, ${n} draws`, `Rand, ${n} Ziehungen`],
  beyond: (under: string, over: string) => [
    `Beyond the axis: ${under} below, ${over} above.`,
    `Jenseits der Achse: ${under} darunter, ${over} darüber.`,
  ],
  blame: ['Blame by layer', 'Ursache nach Schicht'],
  blameNote: [
    'error that a change here explains; shares do not add up',
    'Fehler, den eine Änderung hier erklärt; Anteile addieren sich nicht',
  ],
  explained: ['explains', 'erklärt'],
  removed: ['removes', 'beseitigt'],
  tails: ['Tails', 'Ränder'],
  tailsNote: (rows: boolean) => [
    `● by weights${rows ? ', ○ by rows of the target' : ''}; gray: chance`,
    `● nach Gewichten${rows ? ', ○ nach Zeilen des Ziels' : ''}; grau: Zufall`,
  ],
  ends: { lowest: ['lowest 0.1%', 'unterste 0,1 %'], highest: ['highest 0.1%', 'oberste 0,1 %'] },
  tailAxis: ['target’s mass there ÷ the flow’s', 'Masse des Ziels dort ÷ die des Flows'],
  where: ['Where', 'Wo'],
  whereNote: [
    'log of the mean weight; + the flow has too little, − too much',
    'Log des mittleren Gewichts; + der Flow hat zu wenig, − zu viel',
  ],
  worst: ['Worst draws', 'Schlechteste Ziehungen'],
  worstNote: [
    'too much: the flow has mass where the target has little; missed: the reverse',
    'zu viel: Masse, wo das Ziel wenig hat; verfehlt: umgekehrt',
  ],
  kind: ['kind', 'Art'],
  share: ['of all weight', 'vom Gewicht'],
  kinds: {
    'too much': ['too much', 'zu viel'],
    missed: ['missed', 'verfehlt'],
    outside: ['outside', 'außerhalb'],
  } satisfies Record<WorstKind, Both>,
});
