/** A model that can be read but not run: what its file says. */
import { useSignal } from '@preact/signals';
import type { ModelSummary, OnnxSummary } from '../../src/protocol/model';
import { TextField } from '../controls/toolkit';
import { bytes, count, shapeText } from '../format/numbers';
import { text } from '../strings';

const mostRows = 500;

export function NotRunnable({ model }: { model: ModelSummary }) {
  const filter = useSignal('');
  const wanted = filter.value.toLowerCase();
  const matching = model.tensors.filter((tensor) => tensor.name.toLowerCase().includes(wanted));
  return (
    <main class="whole">
      <h1 class="title">{model.title}</h1>
      <p class="muted">{`${model.subtitle}${model.subtitle ? ', ' : ''}${bytes(model.bytes)}`}</p>
      {model.reason ? (
        <>
          <h2>{text.notRunnable}</h2>
          <p class="why">{model.reason}</p>
        </>
      ) : null}
      {model.onnx ? <Onnx onnx={model.onnx} /> : null}
      <h2>{`${text.tensors}: ${count(model.tensorCount)}`}</h2>
      <div class="ctl">
        <TextField
          label={text.filter}
          placeholder={text.filter}
          value={filter.value}
          size={30}
          onInput={(v) => (filter.value = v)}
          onCommit={(v) => (filter.value = v)}
        />
      </div>
      <div class="scroll-x" tabIndex={0} role="group" aria-label={text.tensors}>
        <table>
          <thead>
            <tr>
              <th>{text.name}</th>
              <th>{text.shape}</th>
              <th>{text.dtype}</th>
              <th class="num">{text.count}</th>
            </tr>
          </thead>
          <tbody>
            {matching.slice(0, mostRows).map((tensor) => (
              <tr key={tensor.name}>
                <td class="mono wrap">{tensor.name}</td>
                <td>{shapeText(tensor.shape)}</td>
                <td>{tensor.dtype}</td>
                <td class="num">{count(tensor.shape.reduce((a, b) => a * b, 1))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {matching.length > mostRows ? (
        <p class="muted">{text.moreTensors(matching.length - mostRows)}</p>
      ) : null}
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
            <th>{text.name}</th>
            <th>{text.shape}</th>
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
              <th class="num">{text.count}</th>
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
