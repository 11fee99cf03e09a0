/** What each tensor of a file is for its flow. */
import { readCheckpointHeader } from '../../checkpoint/checkpoint';
import { explainImport, type TakenTensor } from '../../checkpoint/recognize/explain';
import { saysOf } from '../../checkpoint/recognize/tensor-words';
import { resolveModelPath } from '../../checkpoint/resolve-model';
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
export async function explainModel(given: string): Promise<ExplainedTensor[]> {
  const { kind, file } = await resolveModelPath(given);
  if (kind === 'onnx')
    throw new UserError(`${file}: is an ONNX graph; --explain is for checkpoints, whose tensors have names.`);
  if (kind !== 'checkpoint') {
    const taken = await explainImport(file);
    if ('reason' in taken) throw new UserError(`${file}: ${taken.reason}`);
    const { flow, tensors } = taken;
    const transforms = transformsOf(buildFlow(flow.model));
    return tensors.map((one) => ({
      ...one,
      says: saysOf(one, transforms.get(one.layer ?? ''), (name) => name in flow.tensors),
    }));
  }
  const { config, entries } = await readCheckpointHeader(file);
  const flow = flowOf(file, config.model, Object.fromEntries(entries));
  const layers = flow.layers.map(({ name }) => name);
  const transforms = transformsOf(flow);
  const own = new Set([...flow.parameters, ...flow.state].map(({ name }) => name));
  return [...entries].map(([name, { dtype, shape }]) => {
    const layer = layers.find((one) => name.startsWith(`${one}.`));
    const taken: TakenTensor = {
      name,
      dtype,
      shape,
      use: own.has(name) ? 'parameter' : 'unused',
      becomes: own.has(name) ? [name] : [],
      ...(layer === undefined ? {} : { layer }),
    };
    return { ...taken, says: saysOf(taken, transforms.get(layer ?? ''), (one) => entries.has(one)) };
  });
}
