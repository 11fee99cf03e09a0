/** Findings in words: English comes from the engine, German is made of what was measured. */
import type { Finding } from '../../../src/protocol/findings';
import { inLanguage, compact, count, percent } from '../format/numbers';

type Values = Finding['values'];

type Say = (values: Values, layer: string, finding: Finding) => string;

const number = (value: number | string | undefined): string =>
  typeof value === 'number' ? compact(value) : (value ?? '');

const percentOf = (value: number | string | undefined): string => percent(Number(value));

const unitOf = (values: Values): string => (values.unit === 'bits/dim' ? 'bits/dim' : 'nats je Dimension');

const others = ({ others: more = [] }: Finding): string =>
  more.length === 0 ? '' : ` und ${more.length} weiteren`;

const noScale = 'Keine Schicht dieses Flows skaliert Werte nach dem, was ein Netz sagt.';
/** "s und t sind". */
const same = ({ quantities }: Values): string => {
  const names = String(quantities).split(' and ');
  return `${names.join(' und ')} ${names.length > 1 ? 'sind' : 'ist'}`;
};
const needsData = 'Der Stapel besteht aus Samples; dafür braucht es Daten.';

const latentNumbers = (v: Values): string =>
  `Standardabweichung ${number(v.std)} (erlaubt ${number(1 / Number(v.allowedStd))} bis ${number(v.allowedStd)}), Exzess ${number(v.kurtosis)} (bis ${number(v.allowedKurtosis)}), Abstand der Verteilungen ${number(v.distance)} (bis ${number(v.allowedDistance)})`;

const ofScale = (v: Values): string => (Number(v.scales) > 1 ? ` von Skala ${v.scale}` : '');

const inverseNumbers = (v: Values): string =>
  `x kommt aus z auf ${number(v.error)}${v.in === 'deviations' ? ' Abweichungen' : ''} genau zurück, ${number(v.share)} seiner Spanne (das ${number(v.times)}-Fache der Rundung von float32); ab ${number(v.notice)} zählt es`;

const solverNumbers = (v: Values): string =>
  `die Log-Dets der Abschnitte liegen zusammen ${number(v.off)} nats daneben, im schlechtesten ${number(v.worst)} (Mittel der Beträge); ab ${number(v.notice)} zählt es`;

const modeNumbers = (v: Values): string =>
  `${number(v.running)} mit laufenden Statistiken, ${number(v.batch)} mit denen des Stapels (${unitOf(v)}, ${v.count} Beispiele); ab einem Unterschied von ${number(v.threshold)} zählt es`;

const normNumbers = (v: Values): string =>
  `Mittelwerte bis ${number(v.mean)} Abweichungen auseinander, Abweichungen um den Faktor ${number(v.factor)}; erlaubt bei ${v.count} Beispielen: ${number(v.threshold)} in beidem, beim Faktor im Logarithmus`;

const overNumbers = (v: Values): string =>
  `${number(v.train)} bei ${v.trained} Trainingsbeispielen, ${number(v.validation)} bei ${v.held} zurückgehaltenen (${unitOf(v)}; Unterschied ${number(v.gap)} ± ${number(v.error)}); ab ${number(v.notice)} zählt es`;

const distanceText = (
  distance: Values[string] | undefined,
  allowed: Values[string] | undefined,
  chance: Values[string] | undefined,
): string =>
  `Abstand ${number(distance)} (${allowed === chance ? 'durch Zufall' : 'erlaubt'} bis ${number(allowed)}${allowed === chance ? '' : `, davon ${number(chance)} Zufall`})`;
const ofOne = (v: Values): string => distanceText(v.distance, v.allowed, v.band);

const ofAll = (v: Values): string => distanceText(v.energy, v.energyAllowed, v.energyBand);

/** A feature whose samples are off, and what it is like. */
const ofFeature =
  (what: Say): Say =>
  (v, layer, f) => {
    const tail =
      v.ratio === undefined
        ? ''
        : ` Schwerer Rand${Number(v.ratio) > 0 ? `: der größte Wert ist das ${count(Math.round(Number(v.ratio)))}-Fache des Medians` : ''}.`;
    const others = Number(v.others);
    const more =
      others === 0
        ? ''
        : others === 1
          ? ' Ein weiteres Merkmal ist falsch.'
          : ` ${others} weitere Merkmale sind falsch.`;
    return `${v.feature}: ${what(v, layer, f)}.${tail}${more}`;
  };

const shareOutside = (v: Values): string =>
  `${percentOf(Number(v.below) + Number(v.above))} der Samples liegen`;

const sentences: Record<string, Say> = {
  'samples/match': (v) => `Die Samples passen zu den Daten: größter ${ofOne(v)} bei ${v.feature}.`,
  'samples/matchPixels': (v) => `Die Samples passen zu den Daten: ${ofAll(v)}.`,
  'samples/together': (v) =>
    `Jedes Merkmal für sich passt zu den Daten, aber zusammen weichen die Samples von den Daten ab: ${ofAll(v)}.`,
  'samples/pixels': (v) => `Die Samples weichen von den Daten ab: ${ofAll(v)}.`,
  'samples/distance': ofFeature((v) => `die Samples sind anders verteilt als die Daten: ${ofOne(v)}`),
  'samples/below': ofFeature((v) => `${shareOutside(v)} unter dem kleinsten Wert (${number(v.smallest)})`),
  'samples/above': ofFeature((v) => `${shareOutside(v)} über dem größten Wert (${number(v.largest)})`),
  'samples/outside': ofFeature(
    (v) => `${shareOutside(v)} außerhalb aller Werte (${number(v.smallest)} bis ${number(v.largest)})`,
  ),
  'samples/nonFinite': (v) =>
    `${count(Number(v.nonFinite))} von ${count(Number(v.samples))} Samples haben Werte, die nicht endlich sind.`,
  'samples/ofSamples': () => 'Es sind keine Daten da, mit denen sich Samples des Flows vergleichen ließen.',
  'samples/ofTarget': (v) =>
    `Der Flow wurde auf dem Ziel ${v.target} trainiert, nicht auf Daten: flowscope check --target ${v.target} sagt, wie nah er ihm ist.`,
  'samples/notDrawn': () => 'Die Samples ließen sich nicht mit den Daten vergleichen.',
  'samples/untrained': () => 'Der Flow ist bei Schritt 0: Seine Samples sind noch keine der Daten.',

  'nonFinite/finite': (v) => `Alle Werte von ${v.layers} Schichten sind endlich, bei ${v.count} Beispielen.`,
  'nonFinite/nonFinite': (v, layer) => `NaN oder Inf erscheint zuerst in ${layer}. ${v.cause}`,
  'scaleSize/small': (v, layer) =>
    `Das größte |s| ist ${number(v.size)} nats, in ${layer}; ab ${v.notice} gilt es als groß.`,
  'scaleSize/large': (v, layer, f) =>
    `|s| erreicht ${number(v.size)} nats in ${layer}${others(f)}: Werte werden mit bis zu ${number(v.factor)} skaliert. Ab ${v.notice} gilt es als groß; exp läuft in float32 bei ${number(v.overflow)} über.`,
  'scaleSize/noScale': () => noScale,
  'saturation/noScale': () => noScale,
  'saturation/none': (v) =>
    `Keiner der bewegten Werte hat eine gesättigte Skalierung (|tanh u| über ${number(v.tanh)}).`,
  'saturation/free': (v, layer) =>
    `Höchstens ${percentOf(v.share)} der bewegten Werte haben eine gesättigte Skalierung (|tanh u| über ${number(v.tanh)}), in ${layer}; ab ${percentOf(v.notice)} zählt es.`,
  'saturation/saturated': (v, layer, f) =>
    `Die Skalierung ist bei ${percentOf(v.share)} der bewegten Werte von ${layer}${others(f)} gesättigt (|tanh u| über ${number(v.tanh)}); ab ${percentOf(v.notice)} zählt es. Dort ändert sich s kaum und lernt kaum.`,
  'saturation/noBound': () =>
    'Die Skalierung dieses Flows hat keine flachen Enden, an denen sie sättigen könnte, oder sie sind nicht bekannt.',
  'outsideSpline/noSpline': () =>
    'Keine Schicht dieses Flows bildet Merkmale mit Splines ab, die ein Außen haben.',
  'outsideSpline/notSeen': () => 'Die Eingaben der Splines dieses Flows waren nicht zu sehen.',
  'outsideSpline/inside': (v, layer) =>
    `Höchstens ${percentOf(v.share)} der Werte eines Merkmals liegen außerhalb des Intervalls des Splines (${v.feature} in ${layer}); ab ${percentOf(v.notice)} zählt es.`,
  'outsideSpline/outside': (v, layer, f) =>
    `${percentOf(v.share)} der Werte von ${v.feature} liegen außerhalb des Intervalls${v.interval} des Splines in ${layer}${others(f)}, wo er linear ist; ab ${percentOf(v.notice)} zählt es.`,
  'deadConditioner/alive': (v, layer) =>
    `${String(v.quantities).replace(' and ', ' oder ')} jeder Kopplung ändert sich mit der Eingabe, um mindestens ${number(v.change)} (${layer}); unter ${number(v.threshold)} gilt ein Netz als tot.`,
  'deadConditioner/untrained': (v, layer, f) =>
    `${same(v)} für alle ${v.count} Beispiele gleich in ${layer}${others(f)}: Der Flow ist bei Schritt 0, und Netze beginnen bei null.`,
  'deadConditioner/dead': (v, layer, f) =>
    `${same(v)} für alle ${v.count} Beispiele gleich in ${layer}${others(f)}: ${String(v.quantities).includes(' and ') ? 'Sie ändern' : 'Es ändert'} sich um ${number(v.change)}, und weniger als ${number(v.threshold)} gilt als tot. Die Schicht behandelt alle Eingaben gleich.`,
  'deadConditioner/oneExample': () => 'Ob sich ändert, was die Netze geben, zeigen erst zwei Beispiele.',
  'deadUnits/active': (v, layer) =>
    `Höchstens ${v.never} von ${v.total} verborgenen Einheiten einer Kopplung (${percentOf(v.share)}, ${layer}) sind bei ${v.count} Beispielen nie aktiv; ab ${percentOf(v.notice)} zählt es.`,
  'deadUnits/never': (v, layer, f) =>
    `${v.never} von ${v.total} verborgenen Einheiten (${percentOf(v.share)}) von ${layer}${others(f)} sind bei ${v.count} Beispielen nie aktiv; ab ${percentOf(v.notice)} zählt es.`,
  'deadUnits/noUnits': () =>
    'Die verborgenen Einheiten dieses Flows sind keine ReLU oder waren nicht zu sehen.',
  'normStatistics/close': (v, layer) =>
    `Die laufenden Statistiken von ${v.norms} Batch-Norms sind die des Stapels: ${normNumbers(v)}; am weitesten in ${layer} (${v.name}).`,
  'normStatistics/apart': (v, layer) =>
    `Die laufenden Statistiken sind nicht die des Stapels in ${layer} (${v.name}): ${normNumbers(v)}.`,
  'normStatistics/noNorms': () => 'Dieser Flow hat keine Batch-Norm.',
  'normStatistics/noStatistics': () =>
    'Die laufenden Statistiken lassen sich hier mit keinen eines Stapels vergleichen: Das braucht Daten und einen Checkpoint.',
  'modes/same': (v) => `Training und Anwendung stimmen überein: ${modeNumbers(v)}.`,
  'modes/differ': (v) => `Der Flow in der Anwendung ist nicht der trainierte: ${modeNumbers(v)}.`,
  'modes/noNorms': () => 'Dieser Flow hat keine Batch-Norm; Training und Anwendung rechnen dasselbe.',
  'modes/noStatistics': () => 'Training und Anwendung zu vergleichen braucht Daten und einen Checkpoint.',
  'latents/normal': (v) =>
    `Die latenten Werte liegen nahe am Prior; am weitesten die${ofScale(v)}: ${latentNumbers(v)}.`,
  'latents/wide': (v) => `Die latenten Werte${ofScale(v)} streuen weiter als der Prior: ${latentNumbers(v)}.`,
  'latents/narrow': (v) =>
    `Die latenten Werte${ofScale(v)} streuen weniger als der Prior: ${latentNumbers(v)}.`,
  'latents/shape': (v) =>
    `Die latenten Werte${ofScale(v)} sind nicht verteilt wie der Prior: ${latentNumbers(v)}.`,
  'latents/tooFew': () =>
    'Der Stapel hat zu wenige endliche latente Werte, um ihre Verteilung zu beurteilen.',
  'latents/ofSamples': () => needsData,
  'inverse/exact': (v) => `Die Umkehrung ist genau: ${inverseNumbers(v)}.`,
  'inverse/inexact': (v, layer) =>
    `Die Umkehrung ist nicht genau: ${inverseNumbers(v)}.${layer ? ` Am meisten geht in ${layer} verloren.` : ''}`,
  'inverse/solved': (v) => `Der Löser ist genau genug: ${solverNumbers(v)}.`,
  'inverse/solvedRoughly': (v) => `Der Löser ist nicht genau: ${solverNumbers(v)}.`,
  'inverse/unmeasured': () =>
    'Der Flow wird in Schritten gelöst und wurde mit keinem feineren Löser verglichen.',
  'inverse/noInverse': () => 'Es gibt hier keinen Weg von z zurück.',
  'overfitting/general': (v) => `Der Flow passt sich nicht zu sehr an: ${overNumbers(v)}.`,
  'overfitting/unclear': (v) =>
    `Ob sich der Flow zu sehr anpasst, ist nicht klar: ${overNumbers(v)}. Der Fehler ist dafür zu groß; wenige Beispiele können mehr kosten als alle anderen.`,
  'overfitting/overfits': (v) => `Der Flow passt sich zu sehr an: ${overNumbers(v)}.`,
  'overfitting/noData': () =>
    'Ob sich der Flow zu sehr anpasst, zeigen erst Trainings- und Validierungsdaten; sie sind nicht da.',
};

const unseen = 'Die Kopplungen dieses Flows waren nicht zu sehen.';

const advices: Record<string, string> = {
  'samples/together':
    'Wie die Merkmale voneinander abhängen, ist noch nicht gelernt: länger trainieren oder dem Flow mehr Schichten geben.',
  'samples/pixels':
    'Länger trainieren oder dem Flow mehr Schichten geben; Mittel und Abweichung von beidem zeigen, wo sie sich unterscheiden.',
  'samples/nonFinite':
    'Mit kleinerer Lernrate oder einer begrenzten Skalierung (scaleMap tanh-channel) trainieren, oder einen früheren Checkpoint nehmen.',
  'samples/ofSamples':
    'Die Daten in einer Datei daneben nennen, DATEI.flowscope.json: {"data": {"source": "tabelle.csv"}}.',
  'nonFinite/nonFinite':
    'Mit einem Checkpoint von vorher weitertrainieren: kleinere Lernrate, Gradienten stärker kappen oder, wo Schichten skalieren, eine begrenzte Skalierung (scaleMap tanh-channel).',
  'scaleSize/large':
    'Die Skalierung begrenzen (scaleMap tanh-channel), sie stärker regularisieren oder die Lernrate senken; nachsehen, ob wenige Ausreißer in den Daten die Ursache sind.',
  'outsideSpline/outside':
    'Mit größerem Intervall trainieren (splineBound), die Daten standardisieren oder vor den Spline eine Schicht setzen, die skaliert (actNorm, lu).',
  'saturation/saturated':
    'Die Lernrate senken oder langsam steigern, Gradienten kappen, die Gewichte der letzten Schicht regularisieren; braucht der Flow größere Skalierungen, die gelernte wachsen lassen (scaleMap tanh-channel) oder eine Abbildung ohne Grenze nehmen.',
  'deadConditioner/untrained': 'Den Flow trainieren.',
  'deadConditioner/dead':
    'Die Gewichte der letzten Schicht und die verborgenen Einheiten ansehen: Gewichte bei null heißen, dass sie nicht trainiert wurde (eingefroren oder nicht im Optimierer), nie aktive Einheiten eine zu große Lernrate.',
  'deadUnits/never':
    'Das kommt von einer anfangs zu großen Lernrate: neu trainieren, mit kleinerer oder langsam steigender. Batch-Norm in den Netzen oder eine Aktivierung ohne flache Seite (elu, silu) hält Einheiten am Leben; weniger Einheiten genügen auch.',
  'normStatistics/apart':
    'Bewertung und Samples nehmen die laufenden Statistiken. Einige hundert Schritte weitertrainieren, mit kleinerem Anteil jedes neuen Stapels (normDecay), wenn Stapel sehr verschieden sind; und prüfen, ob diese Daten wie die Trainingsdaten aufbereitet sind.',
  'modes/differ':
    'Die laufenden Statistiken hinken nach. Mit kleinerer Lernrate weitertrainieren, größere Stapel nehmen oder normStatistics "running", das mit den Statistiken trainiert, die später gelten.',
  'latents/wide':
    'Diese Daten sind unwahrscheinlicher als die des Trainings: unten nach Überanpassung sehen, und ob sie gleich aufbereitet sind. Sonst länger trainieren.',
  'latents/narrow':
    'Samples bei Temperatur 1 verlassen, was die Daten füllen. Länger trainieren; bis dahin bei kleinerer Temperatur ziehen.',
  'latents/shape':
    'In z ist Struktur geblieben. Länger trainieren oder dem Flow mehr Kopplungen geben; bei schweren Rändern die unwahrscheinlichsten Beispiele ansehen.',
  'inverse/solvedRoughly': 'Mehr Schritte nehmen, oder einen Löser höherer Ordnung.',
  'inverse/inexact':
    'Eine Schicht, die durch eine sehr kleine Skalierung teilt oder eine sehr große Verschiebung addiert, rundet weg, was bleiben soll: ansehen, was ihr Netz gibt. Regularisierung hilft und, wo Schichten skalieren, eine begrenzte Skalierung (scaleMap tanh-channel).',
  'overfitting/overfits':
    'Den besten Checkpoint statt des letzten nehmen, früher aufhören, mit mehr oder abgewandelten Daten trainieren (flips), stärker regularisieren oder den Flow kleiner machen.',
};

const longer = 'Länger trainieren oder dem Flow mehr Schichten geben.';

/** What to do about a feature whose samples are off. */
const remedies: Record<string, (values: Values) => string> = {
  log: (v) =>
    `Auf log(${v.plus ? '1 + ' : ''}${v.feature}) trainieren. Mit --transform ${v.feature}=log${v.plus ? ':-1' : ''} gehört das zum Flow.`,
  logit: (v) =>
    `Die Werte sind begrenzt: auf ihrem Logit trainieren. Mit --transform ${v.feature}=logit:LOW:HIGH und Grenzen knapp jenseits aller Werte gehört das zum Flow.`,
  'leave out': () => 'Es numeriert die Zeilen: die Spalte weglassen.',
  'few values': (v) => `Es hat nur ${v.distinct} Werte: als Klasse trainieren oder Rauschen dazugeben.`,
  train: () => longer,
};

/** The sentences of one language, in which a layer is named in its words. */
interface FindingText {
  sentence(finding: Finding, layer: string): string;
  advice(finding: Finding): string | undefined;
}

const english: FindingText = { sentence: ({ sentence }) => sentence, advice: ({ advice }) => advice };

export const german: FindingText = {
  sentence: (finding, layer) =>
    sentences[`${finding.check}/${finding.kind}`]?.(finding.values, layer, finding) ??
    (finding.kind === 'noScales' ? unseen : finding.sentence),
  advice: (finding) =>
    finding.advice === undefined
      ? undefined
      : (remedies[String(finding.values.remedy)]?.(finding.values) ??
        advices[`${finding.check}/${finding.kind}`] ??
        finding.advice),
};

export const findingText = inLanguage(english, german);
