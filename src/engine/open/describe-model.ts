/** What a model file says of itself, read without a backend. */
import { several } from '../../base/text';
import {
  readCheckpointHeader,
  type CheckpointHeader,
  type CheckpointInfoHeader,
} from '../../checkpoint/checkpoint';
import { importForm } from '../../checkpoint/recognize/form';
import { importCheckpoint, shownOrigin, type Imported } from '../../checkpoint/recognize/load';
import { resolveModelPath } from '../../checkpoint/resolve-model';
import type { ModelConfig } from '../../config/schema';
import { hasLogit } from '../../config/data-constraint';
import { architectureName, baseName, countWords, isChain } from '../model/architecture';
import { flowOf } from '../model/check-tensors';
import { contextInfo } from '../model/context';
import { givenWords } from '../model/summary';
import { describeLayer as inWords, parameterCount } from '../model/layer-list';
import { readRecording } from '../../checkpoint/recording/read';
import { recordedLayers } from '../recorded-flow/layers';
import { recordingInfo } from '../recorded-flow/open-recording';
import { readMetadata } from '../onnx-file/metadata';
import { readOnnx } from '../onnx-file/read';
import type { Flow, FlowLayer } from '../../flow/built-flow';
import { buildFlow } from '../../flow/flow';
import type { AutoregressiveSpec, CouplingSpec } from '../../flow/core/spec';
import type { ImportForm, TensorContainer } from '../../protocol/import';
import { layerCounts, type ContextInfo } from '../../protocol/model';
import { describeTensors } from './describe-tensors';
import type { LayerDescription, ModelDescription } from './description';
import { nonFiniteTensors } from './stored-values';

/** @throws UserError when there is no model at the path, or it is damaged */
export async function describeModel(given: string): Promise<ModelDescription> {
  const { kind, file, run } = await resolveModelPath(given);
  if (kind === 'onnx') return describeOnnx(file);
  if (kind === 'recording') return describeRecording(file, run);
  if (kind !== 'checkpoint') return describeOther(file, kind);
  const header = await readCheckpointHeader(file);
  const { entries, bytes } = header;
  const flow = flowOf(file, header.config.model, Object.fromEntries(entries));
  const described = describeCheckpoint(file, header, flow, { bytes, tensorCount: entries.size });
  return { ...described, ...(run ? { run } : {}), ...(await storedValues(file)) };
}

async function storedValues(file: string): Promise<Pick<ModelDescription, 'nonFinite'>> {
  const nonFinite = await nonFiniteTensors(file);
  return nonFinite.length > 0 ? { nonFinite } : {};
}

async function describeOther(file: string, format: TensorContainer): Promise<ModelDescription> {
  const imported = await importCheckpoint(file);
  if ('reason' in imported) return describeTensors(file, imported.reason);
  return describeImported(file, format, imported, await importForm(file));
}

async function describeImported(
  file: string,
  format: TensorContainer,
  { checkpoint, layerNames, bytes }: Imported,
  asked: ImportForm | undefined,
): Promise<ModelDescription> {
  const tensorCount = Object.keys(checkpoint.tensors).length;
  const flow = flowOf(file, checkpoint.config.model, checkpoint.tensors, layerNames);
  const described = describeCheckpoint(file, checkpoint, flow, {
    bytes,
    tensorCount,
  });
  // Counts of a training with other software are left out.
  delete described.step;
  delete described.seconds;
  return { ...described, format, ...(asked ? { asked } : {}), ...(await storedValues(file)) };
}

function describeCheckpoint(
  file: string,
  header: CheckpointHeader,
  flow: Flow,
  size: Pick<ModelDescription, 'bytes' | 'tensorCount'>,
): ModelDescription {
  const { config, step, seconds, metrics, data, origin } = header;
  const { validationNats, validationBitsPerDim } = metrics ?? {};
  return {
    file,
    format: 'flowscope',
    ...size,
    architecture: architectureOf(config.model, flow, contextInfo(header, flow, {})),
    parameterCount: parameterCount(flow.parameters),
    ...(origin ? { origin: shownOrigin(origin) } : {}),
    layers: flow.layers.map(describeLayer),
    preprocessing: describePreprocessing(header),
    step,
    seconds,
    ...(validationNats === undefined
      ? {}
      : {
          validation: {
            nats: validationNats,
            ...(validationBitsPerDim === undefined ? {} : { bitsPerDim: validationBitsPerDim }),
          },
        }),
    ...(data
      ? { data: { summary: `${data.name}: ${data.train} to train on, ${data.validation} held out`, ...data } }
      : {}),
  };
}

async function describeRecording(file: string, run: string | undefined): Promise<ModelDescription> {
  const recording = await readRecording(file);
  const { about, bytes } = recording;
  return {
    file,
    ...(run ? { run } : {}),
    format: 'recording',
    bytes,
    parameterCount: about.parameterCount ?? 0,
    tensorCount: about.layers.reduce((sum, { parameters = [] }) => sum + parameters.length, 0),
    layers: recordedLayers(recording).map(({ info }) => ({
      index: info.index,
      name: info.name,
      kind: info.called ?? info.kind,
      shape: info.outputShape,
      inputShape: info.inputShape,
      scale: info.scale,
      ...(info.coupling === undefined ? {} : { coupling: info.coupling }),
      parameterCount: info.parameterCount,
      batchNorm: false,
      description: info.description,
      ...(info.order ? { order: info.order } : {}),
    })),
    ...(about.step === undefined ? {} : { step: about.step }),
    recording: { title: about.title, ...recordingInfo(recording) },
    ...(about.notes.length > 0 ? { note: about.notes.join('; ') } : {}),
  };
}

function architectureOf(
  model: ModelConfig,
  flow: Flow,
  context?: ContextInfo,
): NonNullable<ModelDescription['architecture']> {
  return {
    name: architectureName(model, flow),
    summary: summarize(model, flow, context),
    inputShape: [...flow.inputShape],
    model,
  };
}

function summarize(model: ModelConfig, flow: Flow, context: ContextInfo | undefined): string {
  const name = architectureName(model, flow);
  const counts = layerCounts(flow.layers);
  const layers = countWords(counts);
  const shape = flow.inputShape.join('×');
  if (model.kind === 'vector') {
    const words = new Set(flow.layers.flatMap(({ spec }) => ('conditioner' in spec ? netWords(spec) : [])));
    const nets = words.size > 3 ? `${words.size} kinds of networks` : [...words].join(' and ');
    const base = model.base.kind === 'normal' ? '' : `, ${baseName(model.base)}`;
    return `${name} for vectors of ${model.dim}${givenWords(flow, context)}, ${layers}, ${nets}${base}`;
  }
  const pad = model.pad > 0 ? ` (${model.height}×${model.width} padded by ${model.pad})` : '';
  const images = `${name} for images of ${shape}${pad}${givenWords(flow, context)}`;
  const scales = several(counts.scales, 'scale');
  return isChain(model)
    ? `${images}, ${scales}, ${layers}`
    : `${images}, ${scales}, ${layers}, ${model.blocks} residual blocks from ${model.base} channels`;
}

/** The network of a layer over vectors, in the plural. */
function netWords({ conditioner: { net } }: CouplingSpec | AutoregressiveSpec): string[] {
  switch (net.kind) {
    case 'mlp':
    case 'dense':
      return [`${net.kind === 'mlp' ? 'MLPs' : 'dense nets'} of ${net.hidden.join(', ')} units`];
    case 'residual':
      return [`residual nets of ${net.blocks} blocks, ${net.width} units wide`];
    default:
      return [];
  }
}

function describeLayer(layer: FlowLayer, index: number): LayerDescription {
  return {
    index,
    name: layer.name,
    kind: layer.kind,
    shape: [...layer.outputShape],
    inputShape: [...layer.inputShape],
    scale: layer.scale,
    ...(layer.coupling === undefined ? {} : { coupling: layer.coupling }),
    parameterCount: parameterCount(layer.bijection?.parameters ?? []),
    batchNorm: layer.hasNorm,
    description: inWords(layer),
    ...(layer.order ? { order: [...layer.order] } : {}),
    ...(layer.bijection?.networkPasses ? { networkPasses: layer.bijection.networkPasses } : {}),
  };
}

function describePreprocessing({
  config,
  standardize,
}: Pick<CheckpointInfoHeader, 'config' | 'standardize'>): NonNullable<ModelDescription['preprocessing']> {
  const { model } = config;
  if (model.kind === 'vector') {
    if (!standardize) return { kind: 'none', summary: 'none: raw coordinates' };
    const { mean, std, names } = standardize;
    return {
      kind: 'standardize',
      summary: `standardized: ${mean
        .slice(0, Math.min(4, model.dim))
        .map((m, d) => `(${names?.[d] ?? `x${d}`} − ${m.toPrecision(4)}) / ${std[d]!.toPrecision(4)}`)
        .join(', ')}${model.dim > 4 ? ', …' : ''}`,
      mean,
      std,
      ...(names ? { names } : {}),
    };
  }
  const { levels, dataRange, dataConstraint, pad, height, width, channels } = model;
  const noise = `${pad > 0 ? `${pad} pixels of zeros at each edge, ` : ''}uniform noise on ${levels} levels`;
  const squeezed = `squeezed to ${dataRange} of (0, 1)${dataConstraint === 'as-printed' ? ' at its upper end' : ''}, logit`;
  const scaled = dataConstraint === 'centered' ? 'scaled to −½ to ½' : 'scaled to 0 to 1';
  return {
    kind: hasLogit(dataConstraint) ? 'logit' : 'pixels',
    summary: `${noise}, ${hasLogit(dataConstraint) ? squeezed : scaled}`,
    levels,
    dataRange,
    dataConstraint,
    pad,
    imageShape: [height, width, channels],
  };
}

async function describeOnnx(file: string): Promise<ModelDescription> {
  const { bytes, summary, tensors } = await readOnnx(file);
  const own = readMetadata(file, summary.metadata);
  const base: ModelDescription = {
    file,
    format: 'onnx',
    bytes,
    parameterCount: parameterCount(tensors),
    tensorCount: tensors.length,
    layers: [],
    onnx: summary,
  };
  if (!own) return base;
  const { config, standardize, part, step } = own;
  const flow = buildFlow(config.model);
  return {
    ...base,
    architecture: architectureOf(config.model, flow),
    layers: flow.layers.map(describeLayer),
    preprocessing: describePreprocessing({ config, standardize }),
    step,
    note: `the ${part} part of a Flowscope model, with its normalizations folded into the weights`,
  };
}
