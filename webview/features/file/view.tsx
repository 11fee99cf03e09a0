/** A model that can be read but not run: what its file says. */
import type { ModelSummary, OnnxSummary } from '../../../src/protocol/model';
import { bytes, count, shapeText } from '../../base/format/numbers';
import { DataTable } from '../../base/controls/data-table';
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
      <DataTable
        rows={list}
        columns={[
          { head: words.name, td: 'mono wrap', cell: ({ name }) => name },
          { head: words.shape, cell: ({ shape }) => shapeText(shape) },
          { head: text.dtype, cell: ({ dtype }) => dtype },
        ]}
      />
    </div>
  );
  return (
    <div class="panels" style={{ '--least': '320px' }}>
      {ports(text.inputs, onnx.inputs)}
      {ports(text.outputs, onnx.outputs)}
      <div>
        <h2>{`${text.operators}, opset ${onnx.opset}`}</h2>
        <DataTable
          rows={onnx.operators}
          columns={[
            { head: text.operator, td: 'mono', cell: ({ op }) => op },
            { head: words.count, num: (operator) => count(operator.count) },
          ]}
        />
      </div>
      <div>
        <h2>{`${text.metadata}${onnx.producer ? `, ${onnx.producer}` : ''}`}</h2>
        <DataTable
          rows={Object.entries(onnx.metadata)}
          columns={[
            { td: 'mono', cell: ([key]) => key },
            { td: 'wrap', cell: ([, value]) => value },
          ]}
        />
      </div>
    </div>
  );
}
