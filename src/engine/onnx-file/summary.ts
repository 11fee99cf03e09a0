import { defined } from '../../base/defined';
import { several } from '../../base/user-error';
import { buildFlow, buildPreprocess } from '../../flow/flow';
import type { BackendInfo, ModelOutline } from '../../protocol/model';
import { modelLayers } from '../model/layer-list';
import { describeFile, describeFlow, shortCount } from '../model/summary';
import { readMetadata } from './metadata';
import { readOnnx } from './read';

/**
 * Summary of an ONNX file. One that Flowscope wrote names its architecture; its graph is folded, so its layers
 * can be named but not looked into.
 *
 * @throws UserError for a file that is not an ONNX model
 */
export async function summarizeOnnx(file: string, backend: BackendInfo): Promise<ModelOutline> {
  const { bytes, summary, tensors } = await readOnnx(file);
  const base: ModelOutline = {
    ...describeFile(file, { format: 'onnx', bytes, backend, tensors }),
    onnx: summary,
  };
  const metadata = readMetadata(file, summary.metadata);
  const nodes = summary.operators.reduce((sum, { count }) => sum + count, 0);
  if (!metadata) {
    return {
      ...base,
      subtitle: `ONNX opset ${summary.opset}, ${several(nodes, 'node')}, ${shortCount(base.parameterCount)} values in ${several(tensors.length, 'tensor')}`,
      reason:
        'This ONNX file says nothing of a flow, so only what it is made of can be shown. Where its inputs and outputs ' +
        'are named x, z and logdet, the command line can apply it.',
    };
  }
  const { config, standardize, part, step } = metadata;
  const flow = buildFlow(config.model);
  const what = { forward: 'x to z and log-det', inverse: 'z to x', sample: 'noise to samples' }[part];
  const description = describeFlow(config.model, flow);
  return {
    ...base,
    ...description,
    parameterCount: base.parameterCount,
    part,
    subtitle: `${description.subtitle}; ${part}: ${what}, opset ${summary.opset}`,
    reason:
      `Flowscope exported this file (${part}: ${what}). In it weight normalization and batch normalization are folded ` +
      'into the weights, so single layers cannot be looked into: open the checkpoint it was made from. The command ' +
      'line can apply, score and sample with it.',
    step,
    ...defined({ dataName: config.data?.source, featureNames: standardize?.names }),
    layers: modelLayers(flow, buildPreprocess(config.model, flow, standardize), standardize?.names).map(
      ({ info }) => info,
    ),
  };
}
