/** What a page calls a model. In English that is what the engine says; German has words of its own for what the engine's are made of. */
import { sizeOf } from '../../src/base/shape';
import {
  layerCounts,
  contextNumbers,
  type ContextInfo,
  type LayerCounts,
  type ModelSummary,
} from '../../src/protocol/model';
import { chosenLanguage, count, large, several } from './format/numbers';

type Named = Omit<ModelSummary, 'id'>;

const architectures: Readonly<Record<string, string>> = {
  'Flow of couplings': 'Flow aus Kopplungen',
  'Flow of couplings and autoregressive layers': 'Flow aus Kopplungen und autoregressiven Schichten',
  'Neural spline flow': 'Neural Spline Flow',
  'Autoregressive neural spline flow': 'Autoregressiver Neural Spline Flow',
  'Masked autoregressive flow': 'Masked Autoregressive Flow',
  'Inverse autoregressive flow': 'Inverse Autoregressive Flow',
};

const bases: Readonly<Record<NonNullable<Named['base']>, string>> = {
  normal: 'Standardnormalverteilung',
  diagonalNormal: 'diagonale Normalverteilung',
  studentT: 'Student-t-Verteilung',
  conditionalNormal: 'bedingte Normalverteilung',
  mixture: 'Mischung von Normalverteilungen',
  uniform: 'Gleichverteilung',
  beta: 'Betaverteilung',
};

const parts = { forward: 'x zu z und Log-det', inverse: 'z zu x', sample: 'Rauschen zu Samples' };

function conditionText(context: ContextInfo): string {
  const { shape, classes } = context;
  if (shape) return `ein Bild von ${shape.join('×')}`;
  const numbers = contextNumbers(context);
  return [
    ...numbers.named,
    ...(numbers.count > 0 ? [several(numbers.count, 'Zahl', 'Zahlen')] : []),
    ...(classes ? [`${classes.name ?? 'eine Klasse'} (${several(classes.count, 'Klasse', 'Klassen')})`] : []),
  ].join(', ');
}

function title({ architecture, format, runnable, fileName, kind, shape, context, levels }: Named): string {
  const name = architecture ?? (format === 'onnx' && runnable ? 'ONNX-Flow' : undefined);
  if (name === undefined) return fileName;
  const size = kind === 'vector' ? several(sizeOf(shape), 'Merkmal', 'Merkmale') : shape.join('×');
  return [
    architectures[name] ?? name,
    `${size}${context ? ` gegeben ${conditionText(context)}` : ''}`,
    ...(architecture && levels ? [`${count(levels)} Stufen`] : []),
  ].join(', ');
}

/** "8 Kopplungen", "5 autoregressive Schichten", or both. */
function countWords({ couplings, autoregressive, slices }: LayerCounts, between: string): string {
  return [
    ...(couplings > 0 || autoregressive + slices === 0 ? [several(couplings, 'Kopplung', 'Kopplungen')] : []),
    ...(autoregressive > 0
      ? [several(autoregressive, 'autoregressive Schicht', 'autoregressive Schichten')]
      : []),
    ...(slices > 0 ? [several(slices, 'Zeitabschnitt', 'Zeitabschnitte')] : []),
  ].join(between);
}

function subtitle(model: Named): string {
  const { architecture, layers, kind, base, part, onnx, recording, runnable, tensorCount } = model;
  const values = large(model.parameterCount);
  const counts = layerCounts(layers);
  const opset = `Opset ${onnx?.opset ?? '?'}`;
  if (recording)
    return (
      `${several(layers.length, 'Schicht', 'Schichten')}, ${values} Parameter, ` +
      `aufgezeichnet mit ${several(recording.examples, 'Beispiel', 'Beispielen')}`
    );
  if (architecture) {
    return [
      ...(kind === 'image' ? [several(counts.scales, 'Skala', 'Skalen')] : []),
      countWords(counts, ', '),
      ...(base ? [`${bases[base]} als Basis`] : []),
      `${values} ${part ? 'Werte' : 'Parameter'}${part ? `; ${part}: ${parts[part]}` : ''}`,
      ...(part ? [opset] : []),
    ].join(', ');
  }
  if (onnx && runnable) {
    const unknown = layers.filter((layer) => layer.kind === 'unknown').length;
    return [
      `${countWords(counts, ' und ')} gefunden`,
      ...(unknown > 0 ? [`${several(unknown, 'Abschnitt', 'Abschnitte')} nicht verstanden`] : []),
      `${values} gespeicherte Werte`,
      opset,
    ].join(', ');
  }
  const stored = several(tensorCount, 'Tensor', 'Tensoren');
  if (!onnx) return tensorCount > 0 ? `${stored}, ${values} Werte` : '';
  const nodes = onnx.operators.reduce((sum, one) => sum + one.count, 0);
  return `ONNX-${opset}, ${count(nodes)} Knoten, ${values} Werte in ${stored}`;
}

const german = chosenLanguage === 'de';

export const titleOf = (model: Named): string => (german ? title(model) : model.title);

export const subtitleOf = (model: Named): string => (german ? subtitle(model) : model.subtitle);
