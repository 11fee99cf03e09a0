/** What each tensor of a file is for its flow. */
import { explainImport, type TakenTensor } from '../../checkpoint/recognize/explain';
import { saysOf } from '../../checkpoint/recognize/tensor-words';
import { type ModelFile, withModelFile } from '../../checkpoint/model-file';
import { UserError } from '../../base/user-error';
import type { TransformConfig } from '../../config/layer-parts';
import type { Flow } from '../../flow/built-flow';
import { buildFlow } from '../../flow/flow';
import { transformKind } from '../model/architecture';
import { flowOf } from '../model/check-tensors';

export interface ExplainedTensor extends TakenTensor {
  /** In words. */
  says: string;
}

/** The transforms of layers, by name. */
const transformsOf = ({ layers }: Flow): Map<string, TransformConfig['kind'] | undefined> =>
  new Map(layers.map((layer) => [layer.name, transformKind(layer)]));

/** @throws UserError for ONNX files, damaged ones, and those whose flow is not known */
export function explainModel(source: string | ModelFile): Promise<ExplainedTensor[]> {
  return withModelFile(source, explainFile);
}

async function explainFile(opened: ModelFile): Promise<ExplainedTensor[]> {
  const { kind, file } = opened;
  if (kind === 'onnx')
    throw new UserError(`${file}: is an ONNX graph; --explain is for checkpoints, whose tensors have names.`);
  if (kind !== 'checkpoint') {
    const taken = await explainImport(opened.tensors);
    if ('reason' in taken) throw new UserError(`${file}: ${taken.reason}`);
    const { flow, tensors } = taken;
    const transforms = transformsOf(buildFlow(flow.model));
    return tensors.map((one) => ({
      ...one,
      says: saysOf(one, transforms.get(one.layer ?? ''), (name) => name in flow.tensors),
    }));
  }
  const entries = opened.stored.tensors;
  const flow = flowOf(file, opened.header.config.model, Object.fromEntries(entries));
  const layers = flow.layers.map(({ name }) => name);
  const transforms = transformsOf(flow);
  const storedNames = new Set([...flow.parameters, ...flow.state].map(({ name }) => name));
  return [...entries].map(([name, { dtype, shape }]) => {
    const layer = layers.find((one) => name.startsWith(`${one}.`));
    const taken: TakenTensor = {
      name,
      dtype,
      shape,
      use: storedNames.has(name) ? 'parameter' : 'unused',
      becomes: storedNames.has(name) ? [name] : [],
      ...(layer === undefined ? {} : { layer }),
    };
    return { ...taken, says: saysOf(taken, transforms.get(layer ?? ''), (one) => entries.has(one)) };
  });
}
