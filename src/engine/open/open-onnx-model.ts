/** An ONNX file as a model of the inspector: the flow in it where there is one, else what the file is made of. */
import { several } from '../../base/text';
import path from 'node:path';
import { UserError } from '../../base/user-error';
import { layerCounts, type BackendInfo, type ModelOutline } from '../../protocol/model';
import { countWords } from '../model/architecture';
import type { Model } from '../model/model';
import { shortCount } from '../model/summary';
import { summarizeOnnx } from '../onnx-file/summary';
import { openOnnxFlow, type OnnxFlow } from '../onnx-flow/open-onnx-flow';

/** @throws UserError for a file that is not an ONNX model */
export async function openOnnxModel(file: string, backend: BackendInfo): Promise<Model> {
  const base = await summarizeOnnx(file, backend);
  let flow: OnnxFlow;
  try {
    flow = await openOnnxFlow(file, backend.threads);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const summary: ModelOutline = { ...base, reason: error.message };
    return { file, summary: () => Promise.resolve(summary), dispose: () => Promise.resolve() };
  }
  return {
    file,
    inspected: flow,
    async summary() {
      const { splits, reason } = await flow.data.splits();
      return { ...summaryOf(base, flow), splits, ...(reason ? { splitsReason: reason } : {}) };
    },
    dispose: () => flow.dispose(),
  };
}

function summaryOf(base: ModelOutline, flow: OnnxFlow): ModelOutline {
  const { config, layers, flow: shapes, pair, notes, searched, quantization } = flow;
  const { reason, ...rest } = base;
  const { opened } = pair;
  const infos = layers.map(({ info }) => info);
  const unknown = infos.filter(({ kind }) => kind === 'unknown').length;
  const other = opened === pair.forward ? pair.inverse : pair.forward;
  const shape = [...shapes.inputShape];
  const foreign: Partial<ModelOutline> = {
    kind: config.kind,
    shape,
    title: `ONNX flow, ${config.kind === 'vector' ? `${shape.join('×')} features` : shape.join('×')}`,
    subtitle: [
      `${countWords(layerCounts(infos), ' and ')} found`,
      ...(unknown > 0 ? [`${several(unknown, 'span')} not understood`] : []),
      `${shortCount(rest.parameterCount)} stored values`,
      `opset ${rest.onnx?.opset ?? '?'}`,
    ].join(', '),
    ...(config.kind === 'image' && quantization > 0 ? { levels: config.levels, pad: 0 } : {}),
  };
  return {
    ...rest,
    ...(opened.own ? {} : foreign),
    runnable: true,
    layers: infos,
    origin: {
      library: rest.onnx?.producer ? `ONNX, ${rest.onnx.producer}` : 'ONNX',
      title: `${opened.ports.direction}: ${opened.ports.input} to ${opened.ports.output}${
        other ? `; ${other.ports.direction} in ${path.basename(other.file)}` : ''
      }`,
      assumptions: notes,
      ...(searched ? { searched } : {}),
    },
  };
}
