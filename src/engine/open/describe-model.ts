/** What a model file says of itself, read without a backend. */
import { defined } from '../../base/defined';
import { several, ignoreUserError } from '../../base/user-error';
import type { CheckpointHeader } from '../../checkpoint/checkpoint';
import type { TensorFile } from '../../checkpoint/import/types';
import { type ModelFile, withModelFile } from '../../checkpoint/model-file';
import { importTensors, shownOrigin } from '../../checkpoint/recognize/load';
import { type ModelConfig, hasLogit } from '../../config/schema';
import { architectureName, baseName, countWords, isChain } from '../model/architecture';
import { flowOf } from '../model/check-tensors';
import { contextInfo } from '../model/context';
import { contextSuffix } from '../model/summary';
import { modelLayers, parameterCount } from '../model/layer-list';
import { readRecording, type Recording } from '../../checkpoint/recording/read';
import { recordedLayers } from '../recorded-flow/layers';
import { recordingInfo } from '../recorded-flow/open-recording';
import { readMetadata } from '../onnx-file/metadata';
import { readOnnx } from '../onnx-file/read';
import type { Flow } from '../../flow/built-flow';
import { buildFlow } from '../../flow/flow';
import type { NetSpec, SliceSpec } from '../../flow/core/spec';
import { layerCounts, type ContextInfo, type LayerInfo } from '../../protocol/model';
import type {
  LayerDescription,
  ModelDescription,
  DescribedTensor,
  NonFiniteTensor,
} from '../../protocol/description';
import { statsOf } from '../inspect/statistics';
import { tensorStatistics } from '../inspect/tensor-statistics';
import { sizeOf } from '../../base/shape';

/** @throws UserError when there is no model at the path, or it is damaged */
export function describeModel(source: string | ModelFile): Promise<ModelDescription> {
  return withModelFile(source, describeFile);
}

async function describeFile(opened: ModelFile): Promise<ModelDescription> {
  const { kind, file, run } = opened;
  const inRun = run === undefined ? {} : { run };
  if (kind === 'onnx') return describeOnnx(file);
  if (kind === 'recording') return { ...describeRecording(await readRecording(opened.stored)), ...inRun };
  const { tensors } = opened;
  if (kind === 'tensors') return describeOther(tensors);
  const { header, stored } = opened;
  const flow = flowOf(file, header.config.model, Object.fromEntries(stored.tensors));
  const described = describeCheckpoint(file, header, flow, {
    bytes: stored.bytes,
    tensorCount: stored.tensors.size,
  });
  return { ...described, ...inRun, ...(await storedValues(tensors)) };
}

async function storedValues(tensors: TensorFile): Promise<Pick<ModelDescription, 'nonFinite'>> {
  const nonFinite = await nonFiniteTensors(tensors);
  return nonFinite.length > 0 ? { nonFinite } : {};
}

async function describeOther(tensors: TensorFile): Promise<ModelDescription> {
  const { file, bytes, container } = tensors;
  const imported = await importTensors(tensors);
  if ('reason' in imported) return describeTensors(tensors, imported.reason);
  const { checkpoint, layerNames, form } = imported;
  const flow = flowOf(file, checkpoint.config.model, checkpoint.tensors, layerNames);
  const described = describeCheckpoint(file, checkpoint, flow, {
    bytes,
    tensorCount: Object.keys(checkpoint.tensors).length,
  });
  // Counts of a training with other software are left out.
  delete described.step;
  delete described.seconds;
  return {
    ...described,
    format: container,
    ...(form ? { asked: form } : {}),
    ...(await storedValues(tensors)),
  };
}

function describeCheckpoint(
  file: string,
  header: CheckpointHeader,
  flow: Flow,
  size: Pick<ModelDescription, 'bytes' | 'tensorCount'>,
): ModelDescription {
  const { config, step, seconds, metrics, data, origin } = header;
  const { target } = config.training;
  const { validationNats, validationBitsPerDim, efficiency, logEvidence, logEvidenceError } = metrics ?? {};
  const weighed = defined({ efficiency, logEvidence, logEvidenceError });
  return {
    file,
    format: 'flowscope',
    ...size,
    architecture: architectureOf(config.model, flow, contextInfo(header, flow, {})),
    parameterCount: parameterCount(flow.parameters),
    ...(origin ? { origin: shownOrigin(origin) } : {}),
    layers: modelLayers(flow, undefined).map(describeLayer),
    preprocessing: describePreprocessing(header),
    step,
    seconds,
    ...(validationNats !== undefined && {
      validation: { nats: validationNats, ...defined({ bitsPerDim: validationBitsPerDim }) },
    }),
    ...(target && { target: { name: target, ...weighed } }),
    ...(data && {
      data: { summary: `${data.name}: ${data.train} to train on, ${data.validation} held out`, ...data },
    }),
  };
}

function describeRecording(recording: Recording): ModelDescription {
  const { file, about, bytes } = recording;
  return {
    file,
    format: 'recording',
    bytes,
    parameterCount: about.parameterCount ?? 0,
    tensorCount: about.layers.reduce((sum, { parameters = [] }) => sum + parameters.length, 0),
    layers: recordedLayers(recording).map(describeLayer),
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
    const words = new Set(
      flow.layers.flatMap(({ spec }) =>
        'conditioner' in spec
          ? netWords(spec.conditioner.net)
          : spec.kind === 'slice'
            ? netWords(spec.settings.net)
            : [],
      ),
    );
    const nets = words.size > 3 ? `${words.size} kinds of networks` : [...words].join(' and ');
    const base = model.base.kind === 'normal' ? '' : `, ${baseName(model.base)}`;
    return `${name} for vectors of ${model.dim}${contextSuffix(flow, context)}, ${layers}, ${nets}${base}`;
  }
  const pad = model.pad > 0 ? ` (${model.height}×${model.width} padded by ${model.pad})` : '';
  const images = `${name} for images of ${shape}${pad}${contextSuffix(flow, context)}`;
  const scales = several(counts.scales, 'scale');
  return isChain(model)
    ? `${images}, ${scales}, ${layers}`
    : `${images}, ${scales}, ${layers}, ${model.blocks} residual blocks from ${model.base} channels`;
}

/** The network of a layer over vectors, in the plural. */
function netWords(net: NetSpec | SliceSpec['settings']['net']): string[] {
  switch (net.kind) {
    case 'mlp':
    case 'dense':
      if (net.hidden.length === 0) return ['conditioners without hidden layers'];
      return [`${net.kind === 'mlp' ? 'MLPs' : 'dense nets'} of ${net.hidden.join(', ')} units`];
    case 'residual':
      return [`residual nets of ${net.blocks} blocks, ${net.width} units wide`];
    case 'sbi':
      return [`FMPE nets of ${several(net.layers, 'layer')}, ${net.width} units wide`];
    default:
      return [];
  }
}

function describeLayer({ info }: { info: LayerInfo }): LayerDescription {
  const { index, name, kind, called, outputShape: shape, inputShape, scale, coupling, parameterCount } = info;
  const { hasNorm: batchNorm, description, order, networkPasses } = info;
  return {
    ...{ index, name, kind: called ?? kind, shape, inputShape, scale, ...defined({ coupling }) },
    ...{ parameterCount, batchNorm, description, ...defined({ order, networkPasses }) },
  };
}

/** "logit:0:1(age)" */
const mappedName = (name: string, map: string | null | undefined): string => (map ? `${map}(${name})` : name);

function describePreprocessing({
  config,
  standardize,
}: Pick<CheckpointHeader, 'config' | 'standardize'>): NonNullable<ModelDescription['preprocessing']> {
  const { model } = config;
  if (model.kind === 'vector') {
    if (!standardize) return { kind: 'none', summary: 'none: raw coordinates' };
    const { mean, std, names, transforms } = standardize;
    return {
      kind: 'standardize',
      summary: `standardized: ${mean
        .slice(0, Math.min(4, model.dim))
        .map(
          (m, d) =>
            `(${mappedName(names?.[d] ?? `x${d}`, transforms?.[d])} − ${m.toPrecision(4)}) / ${std[d]!.toPrecision(4)}`,
        )
        .join(', ')}${model.dim > 4 ? ', …' : ''}`,
      mean,
      std,
      ...defined({ names, transforms }),
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
  const metadata = readMetadata(file, summary.metadata);
  const base: ModelDescription = {
    file,
    format: 'onnx',
    bytes,
    parameterCount: parameterCount(tensors),
    tensorCount: tensors.length,
    layers: [],
    onnx: summary,
  };
  if (!metadata) return base;
  const { config, standardize, part, step } = metadata;
  const flow = buildFlow(config.model);
  return {
    ...base,
    architecture: architectureOf(config.model, flow),
    layers: modelLayers(flow, undefined).map(describeLayer),
    preprocessing: describePreprocessing({ config, standardize }),
    step,
    note: `the ${part} part of a Flowscope model, with its normalizations folded into the weights`,
  };
}

/** A file of tensors whose flow is not known. Reads all of it, for the statistics. */
async function describeTensors(opened: TensorFile, reason: string): Promise<ModelDescription> {
  const statistics = await tensorStatistics(opened, [...opened.tensors.keys()]);
  const tensors = statistics.map(({ name, ...rest }): DescribedTensor => {
    const { dtype, shape } = opened.tensors.get(name)!;
    return { name, dtype, shape: [...shape], ...rest };
  });
  return {
    file: opened.file,
    format: opened.container,
    bytes: opened.bytes,
    parameterCount: parameterCount(tensors),
    tensorCount: tensors.length,
    layers: [],
    tensors,
    ...(Object.keys(opened.extras).length > 0 ? { extras: opened.extras } : {}),
    note: opened.leftOut ? `${reason} Not shown: ${opened.leftOut.join(', ')}.` : reason,
  };
}

/** Tensors beyond this many values in all are not read, so that a large file is described at once. */
const mostValues = 2 ** 26;

/** The floating-point tensors of a file with values that are NaN, infinite or beyond float32, in its order. @throws UserError for a damaged file */
export async function nonFiniteTensors({ tensors, read }: TensorFile): Promise<NonFiniteTensor[]> {
  const found: NonFiniteTensor[] = [];
  let left = mostValues;
  for (const [name, { dtype, shape }] of tensors) {
    if (!/^B?F\d/.test(dtype) || (left -= sizeOf(shape)) < 0) continue;
    const values = await read(name).catch(ignoreUserError);
    if (!values) continue;
    const { nan, inf } = statsOf(values.data);
    if (nan + inf > 0) found.push({ name, dtype, nan, inf });
  }
  return found;
}
