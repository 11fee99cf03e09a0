/** Whose graphs are looked at: a checkpoint, or a model as a preset or a config describes it, before its first step. */
import { exists } from '../../base/exists';
import path from 'node:path';
import { loadAnyCheckpoint } from '../../checkpoint/recognize/load';
import { buildRunConfig, presetNames, type DataShape } from '../../config/build';
import { presets } from '../../config/presets';
import type { StoredConfig } from '../../config/schema';
import type { Standardization } from '../../config/standardization';
import { UserError } from '../../base/user-error';
import { lookedImages } from '../../data/open/preview';
import type { Flow } from '../../flow/built-flow';
import { buildFlow, buildPreprocess } from '../../flow/flow';
import { flowOf } from '../model/check-tensors';
import { initialTensors, type TensorTable } from '../training/initialize';
import { standardizationFor, startFresh } from '../training/start';
import type { GraphSubject } from '../use/named-graphs';

/**
 * @param subject a preset, a config file (.json), or whatever opens as a checkpoint
 * @param shape of an example, D or H, W, C: instead of opening the data of a preset or config
 * @throws UserError when it is none of these, or its data are needed and not there
 */
export async function openSubject(subject: string, shape?: readonly number[]): Promise<GraphSubject> {
  const isThere = await exists(path.resolve(subject));
  if (!isThere && presetNames.includes(subject)) return fromRequest({ preset: subject }, subject, shape);
  if (path.extname(subject).toLowerCase() === '.json')
    return fromRequest({ config: subject }, subject, shape);
  if (!isThere && !/[./\\]/.test(subject)) {
    throw new UserError(
      `${subject}: there is no such file, and no such preset; presets are ${presetNames.join(', ')}.`,
    );
  }
  if (shape)
    throw new UserError(`${subject}: a checkpoint says how large its examples are; leave --shape out.`);
  const { config, standardize, tensors } = await loadAnyCheckpoint(subject);
  const flow = flowOf(subject, config.model, tensors);
  return { ...built(config, standardize, subject, flow), tensors: tensors as TensorTable };
}

async function fromRequest(
  request: { preset?: string; config?: string },
  subject: string,
  shape: readonly number[] | undefined,
): Promise<GraphSubject> {
  const title = request.preset ? `the preset ${subject}` : subject;
  if (shape) {
    if (request.config) {
      throw new UserError(
        '--shape goes with a preset; a config says in model or data how large examples are.',
      );
    }
    const source = presets.find(({ name }) => name === subject)?.data.source ?? 'examples';
    return fresh(buildRunConfig({ preset: subject, data: source }, dataShape(shape)), undefined, title);
  }
  const needsData = request.preset && !presets.find(({ name }) => name === subject)?.data.source;
  if (needsData) {
    throw new UserError(
      `The preset "${subject}" is for any data; say how large an example is: --shape D for vectors, --shape H,W,C for images.`,
    );
  }
  const { config, dataset } = await startFresh(request, { pictures: lookedImages });
  try {
    return fresh(config, await standardizationFor({ config, dataset }), title);
  } finally {
    await dataset.close();
  }
}

/** What `--shape` says of data that are not there. */
function dataShape(shape: readonly number[]): DataShape {
  if (shape.length !== 1 && shape.length !== 3) {
    throw new UserError(
      `--shape ${shape.join(',')}: expected D for vectors, or H,W,C for images (height, width, channels).`,
    );
  }
  const kind = shape.length === 1 ? 'vector' : 'image';
  return { kind, name: '--shape', shape: [...shape], provenance: { source: 'examples' } };
}

/** Before its first step. */
function fresh(
  config: StoredConfig,
  standardization: Standardization | undefined,
  title: string,
): GraphSubject {
  const flow = buildFlow(config.model);
  const tensors = initialTensors(flow, config.training.seed);
  return { ...built(config, standardization, title, flow), tensors };
}

function built(
  config: StoredConfig,
  standardization: Standardization | undefined,
  title: string,
  flow: Flow,
): Omit<GraphSubject, 'tensors'> {
  const preprocess = buildPreprocess(config.model, flow, standardization);
  return { title, flow, preprocess, config: config.model, training: config.training };
}
