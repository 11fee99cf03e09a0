/** A model that can be read but not run: what its file says. */
import type { ModelSummary, OnnxSummary } from '../../../src/protocol/model';
import { bytes, count, shapeText } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';
import { TensorRows } from './tensor-rows';
import { subtitleOf, titleOf } from '../../base/model-title';

export function NotRunnable({ model }: { model: ModelSummary }) {
  return (
    <main class="whole">
      <h1 class="title">{titleOf(model)}</h1>
      <p class="muted">{[subtitleOf(model), bytes(model.bytes)].filter(Boolean).join(', ')}</p>
      {model.reason ? (
        <>
          <h2>{text.notRunnable}</h2>
          <p class="why">{model.reason.replaceAll(model.path, model.fileName)}</p>
        </>
      ) : null}
      {model.onnx ? <Onnx onnx={model.onnx} /> : null}
      <TensorRows model={model} />
    </main>
  );
}

function Onnx({ onnx }: { onnx: OnnxSummary }) {
  const ports = (title: string, list: OnnxSummary['inputs']) => (
    <div class="scroll-x">
      <h2>{title}</h2>
      <table>
        <thead>
          <tr>
            <th>{words.name}</th>
            <th>{words.shape}</th>
            <th>{text.dtype}</th>
          </tr>
        </thead>
        <tbody>
          {list.map((port) => (
            <tr key={port.name}>
              <td class="mono wrap">{port.name}</td>
              <td>{shapeText(port.shape)}</td>
              <td>{port.dtype}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
  return (
    <div class="columns">
      {ports(text.inputs, onnx.inputs)}
      {ports(text.outputs, onnx.outputs)}
      <div>
        <h2>{`${text.operators}, opset ${onnx.opset}`}</h2>
        <table>
          <thead>
            <tr>
              <th>{text.operator}</th>
              <th class="num">{words.count}</th>
            </tr>
          </thead>
          <tbody>
            {onnx.operators.map((operator) => (
              <tr key={operator.op}>
                <td class="mono">{operator.op}</td>
                <td class="num">{count(operator.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div>
        <h2>{`${text.metadata}${onnx.producer ? `, ${onnx.producer}` : ''}`}</h2>
        <table>
          <tbody>
            {Object.entries(onnx.metadata).map(([key, value]) => (
              <tr key={key}>
                <td class="mono">{key}</td>
                <td class="wrap">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
