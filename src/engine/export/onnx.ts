/** Writes a flow as ONNX files that have been run and compared before they get their names. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { StoredConfig } from '../../config/schema';
import type { Flow } from '../../flow/built-flow';
import { UserError } from '../../base/user-error';
import { writeAtomically } from '../../files/atomic';
import { modelName } from '../../files/model-name';
import { writeTogether } from '../../files/write-together';
import { toOnnx } from '../../graph/onnx/to-onnx';
import { bindUsed } from '../../graph/passes/bind-constants';
import type { ExportReport } from '../../protocol/engine';
import { hasConditioner } from '../../protocol/model';
import { breathe } from '../model/breathe';
import type { FlowModel } from '../model/flow-model';
import { baseTensors } from '../model/running-base';
import type { Model } from '../model/model';
import { writeMetadata, type OnnxMetadata, type OnnxPart } from '../onnx-file/metadata';
import { compareFiles } from './onnx-check';
import { describePorts, exportGraphs } from './onnx-graphs';

const parts: readonly OnnxPart[] = ['forward', 'inverse', 'sample'];
const tolerance = 1e-3;
const opset = 17;

export interface ExportOptions {
  signal?: AbortSignal;
  /** `fraction` in [0, 1]. */
  onProgress?: ((progress: { message: string; fraction: number }) => void) | undefined;
}

/**
 * Writes NAME.forward.onnx, NAME.inverse.onnx and NAME.sample.onnx, replacing files of these names.
 *
 * @param output a folder, made where it does not exist; NAME then comes from run and checkpoint. Or a path that ends
 *   in .onnx: `flow.onnx` (or `flow.forward.onnx`) makes NAME "flow" in that folder.
 * @throws UserError when the model cannot be run, the place cannot be written, or the files compute something else than
 *   the model: then older files of these names stay as they are; CancelledError
 */
export async function exportOnnx(
  model: Model,
  output: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const { signal = new AbortController().signal, onProgress } = options;
  const flow = await runnableFlow(model);
  const { folder, name } = target(model, output);
  const set = randomUUID();
  const files: { part: OnnxPart; path: string; bytes: number }[] = [];
  let differences: ExportReport['differences'] = [];
  await writeTogether(folder, async (place) => {
    for (const [i, part] of parts.entries()) {
      await breathe(signal);
      onProgress?.({ message: `Writing ${part}`, fraction: i / (2 * parts.length) });
      const bytes = serialize(flow, part, set);
      const file = path.join(place, `${name}.${part}.onnx`);
      await writeAtomically(file, bytes);
      files.push({ part, path: file, bytes: bytes.length });
    }
    onProgress?.({ message: 'Comparing with the model', fraction: 0.5 });
    differences = await compareFiles(flow, files, signal);
    refuseDifferent(differences);
    await breathe(signal);
    return files.map((file) => path.basename(file.path));
  });
  onProgress?.({ message: 'Done', fraction: 1 });
  return {
    files: files.map(({ part, path: file, bytes }) => ({
      path: path.join(folder, path.basename(file)),
      bytes,
      kind: part,
    })),
    differences,
    maxAbs: Math.max(...differences.map(({ maxAbs }) => maxAbs)),
    tolerance,
    opset,
  };
}

function target(model: Model, output: string): { folder: string; name: string } {
  const fullPath = path.resolve(output);
  if (fullPath.toLowerCase().endsWith('.onnx')) {
    const name = path.basename(fullPath).replace(/(\.(forward|inverse|sample))?\.onnx$/i, '');
    return { folder: path.dirname(fullPath), name: name || 'flow' };
  }
  const checkpoint = modelName(model.file);
  return { folder: fullPath, name: model.run ? `${path.basename(model.run)}-${checkpoint}` : checkpoint };
}

function serialize(model: FlowModel, part: OnnxPart, set: string): Uint8Array {
  const { header, layers, flow } = model;
  const couplings = layers.filter(({ info }) => hasConditioner(info)).map(({ info }) => info.name);
  const ports = describePorts(model, part);
  const { standardize } = header;
  return toOnnx(bindUsed(exportGraphs[part](model), model.tensors), {
    name: part,
    metadata: writeMetadata(
      {
        part,
        set,
        config: portable(header.config),
        ...(standardize ? { standardize } : {}),
        step: header.step,
        couplings,
        ...baseOf(flow, model.tensors),
      },
      ports,
    ),
    docString: Object.entries(ports)
      .map(([port, about]) => `${port}: ${about}`)
      .join('\n'),
  });
}

/** What is trained of the base, which who reads the file needs to know how likely z is. */
function baseOf(flow: Flow, tensors: FlowModel['tensors']): Pick<OnnxMetadata, 'base'> {
  const needed = baseTensors(flow);
  if (needed.length === 0) return {};
  const values = needed.map(({ name }) => [name, Array.from(tensors[name]!.data)] as const);
  return { base: Object.fromEntries(values) };
}

/** Files travel: where the data lay on this machine is left out. */
function portable(config: StoredConfig): StoredConfig {
  if (!config.data) return config;
  const data = { ...config.data };
  for (const key of ['source', 'validationSource', 'contextSource'] as const) {
    if (data[key] !== undefined) data[key] = path.basename(data[key]);
  }
  return { ...config, data };
}

function refuseDifferent(differences: ExportReport['differences']): void {
  const wrong = differences.filter(({ maxAbs }) => !(maxAbs <= tolerance));
  if (wrong.length === 0) return;
  const list = wrong
    .map(({ kind, output, maxAbs, where }) => {
      const by = Number.isNaN(maxAbs) ? 'values that are not finite' : maxAbs.toExponential(1);
      return `${output} of ${kind} by ${by} (${where})`;
    })
    .join(', ');
  throw new UserError(
    `The exported files do not compute what the model does: ${list}; at most ${tolerance.toExponential(0)} is ` +
      'allowed, for x of a standardized table in deviations of the feature. No file was written. The flow is ' +
      'numerically unstable there: "Is the inverse exact" in its inspector, or `flowscope diagnose`, names the layer ' +
      'where that begins. Export an earlier checkpoint, or train again with a lower learning rate.',
  );
}

/** The flow of a model. @throws UserError with the reason why there is none that can be run */
export async function runnableFlow(model: Model): Promise<FlowModel> {
  if (model.flow) return model.flow;
  const { reason } = await model.summary();
  throw new UserError(`${model.file}: cannot be exported. ${reason ?? 'Open a Flowscope checkpoint.'}`);
}
