/**
 * What a page calls a model. In English that is what the engine says; German has words of its own for what the engine's
 * are made of.
 */
import { sizeOf } from '../../src/base/shape';
import type { ContextInfo, ModelSummary } from '../../src/protocol/model';
import { chosenLanguage } from './format/language';
import { count, large } from './format/numbers';

type Named = Omit<ModelSummary, 'id'>;

const several = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;

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

function given({ names, mean, shape, classes }: ContextInfo): string {
  if (shape) return `ein Bild von ${shape.join('×')}`;
  const numbers = mean.length - (classes?.count ?? 0);
  const own = classes ? names.slice(0, classes.start) : names;
  const named = own.length === numbers && numbers <= 3 && own.every((name) => !/^(context )?\d+$/.test(name));
  return [
    ...(named ? own : numbers > 0 ? [several(numbers, 'Zahl', 'Zahlen')] : []),
    ...(classes ? [`${classes.name ?? 'eine Klasse'} (${several(classes.count, 'Klasse', 'Klassen')})`] : []),
  ].join(', ');
}

function title({ architecture, format, runnable, fileName, kind, shape, context, levels }: Named): string {
  const name = architecture ?? (format === 'onnx' && runnable ? 'ONNX-Flow' : undefined);
  if (name === undefined) return fileName;
  const size = kind === 'vector' ? several(sizeOf(shape), 'Merkmal', 'Merkmale') : shape.join('×');
  return [
    architectures[name] ?? name,
    `${size}${context ? ` gegeben ${given(context)}` : ''}`,
    ...(architecture && levels ? [`${count(levels)} Stufen`] : []),
  ].join(', ');
}

/** "8 Kopplungen", "5 autoregressive Schichten", or both. */
function counts(layers: Named['layers'], between: string): string {
  const couplings = layers.filter(({ coupling }) => coupling !== undefined).length;
  const autoregressive = layers.filter(({ kind }) => kind === 'autoregressive').length;
  return [
    ...(couplings > 0 || autoregressive === 0 ? [several(couplings, 'Kopplung', 'Kopplungen')] : []),
    ...(autoregressive > 0
      ? [several(autoregressive, 'autoregressive Schicht', 'autoregressive Schichten')]
      : []),
  ].join(between);
}

function subtitle(model: Named): string {
  const { architecture, layers, kind, base, part, onnx, recording, runnable, tensorCount } = model;
  const values = large(model.parameterCount);
  const opset = `Opset ${onnx?.opset ?? '?'}`;
  if (recording)
    return (
      `${several(layers.length, 'Schicht', 'Schichten')}, ${values} Parameter, ` +
      `aufgezeichnet mit ${several(recording.examples, 'Beispiel', 'Beispielen')}`
    );
  if (architecture) {
    const scales = 1 + layers.filter((layer) => layer.kind === 'factorOut').length;
    return [
      ...(kind === 'image' ? [several(scales, 'Skala', 'Skalen')] : []),
      counts(layers, ', '),
      ...(base ? [`${bases[base]} als Basis`] : []),
      `${values} ${part ? 'Werte' : 'Parameter'}${part ? `; ${part}: ${parts[part]}` : ''}`,
      ...(part ? [opset] : []),
    ].join(', ');
  }
  if (onnx && runnable) {
    const unknown = layers.filter((layer) => layer.kind === 'unknown').length;
    return [
      `${counts(layers, ' und ')} gefunden`,
      ...(unknown > 0 ? [`${several(unknown, 'Abschnitt', 'Abschnitte')} nicht verstanden`] : []),
      `${values} gespeicherte Werte`,
      opset,
    ].join(', ');
  }
  const stored = several(tensorCount, 'Tensor', 'Tensoren');
  if (!onnx) return tensorCount > 0 ? `${stored}, ${values} Werte` : '';
  const nodes = onnx.operators.reduce((sum, one) => sum + one.count, 0);
  return `ONNX-${opset}, ${several(nodes, 'Knoten', 'Knoten')}, ${values} Werte in ${stored}`;
}

const german = chosenLanguage === 'de';

export const titleOf = (model: Named): string => (german ? title(model) : model.title);

export const subtitleOf = (model: Named): string => (german ? subtitle(model) : model.subtitle);
