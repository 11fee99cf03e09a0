/**
 * A TensorFlow.js backend that computes nothing: its kernels infer the types of their results and record the call. Since
 * TensorFlow.js builds gradients from the same kernels, a whole training step can be recorded.
 */
import * as tf from '@tensorflow/tfjs-core';
// Core leaves it to its user to register gradients.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { UserError } from '../../base/user-error';
import { currentScope } from '../../flow/core/scope';
import { callerLine, callerOf } from './caller';
import type { ConstantData, DType, Value, Recorder } from '../ir';
import type { KernelRule } from '../kernels/rule';
import { kernelRules } from '../kernels/rules';

export const metaBackendName = 'flowscope-meta';

/** The `dataId` of a tensor on this backend. */
type MetaData = ReturnType<typeof dataFor>;

let active: Recorder | undefined;

/** Runs `fn` while kernel calls are recorded, on our backend, and puts everything back as it was. */
export function recordInto<T>(recorder: Recorder, fn: () => T): T {
  register();
  const engine = tf.engine();
  const previous = { recorder: active, backend: engine.backendName };
  active = recorder;
  void tf.setBackend(metaBackendName);
  try {
    return fn();
  } finally {
    active = previous.recorder;
    if (previous.backend && previous.backend !== metaBackendName) void tf.setBackend(previous.backend);
  }
}

/** A tensor that stands for a value of the recorder. */
export function tensorOf(recorder: Recorder, id: number): tf.Tensor {
  const { shape, dtype } = recorder.values.get(id)!;
  const info = { dataId: dataFor(recorder, id), shape: [...shape], dtype };
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** The value that a tensor stands for. */
export function valueOf(recorder: Recorder, tensor: { dataId: object }): Value {
  const data = tensor.dataId as Partial<MetaData>;
  if (data.recorder !== recorder || data.value === undefined) {
    throw new UserError(
      `A tensor that was made outside of the traced function is used in it${callerLine()}. Pass it as an input, or ` +
        'make it inside.',
    );
  }
  return recorder.values.get(data.value)!;
}

function dataFor(recorder: Recorder, value: number) {
  return { recorder, value, references: 1 };
}

function current(what: string): Recorder {
  if (!active) {
    throw new UserError(
      `${what} was called outside of trace()${callerLine()}; the tracing backend computes nothing.`,
    );
  }
  return active;
}

class MetaBackend extends tf.KernelBackend {
  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const recorder = current('A tensor');
    const { name: op } = tf.engine().state.activeScope;
    if (/^(rand|truncatedNormal|multinomial|dropout)/.test(op)) {
      throw new UserError(
        `${op.replace(/__op$/, '')}() is random and cannot be traced${callerLine()}. Pass the noise as an input.`,
      );
    }
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
      throw new UserError(`A ${dtype} tensor cannot be traced${callerLine()}; float32, int32 and bool can.`);
    return dataFor(recorder, recorder.addTensor(typed(values, dtype), shape, dtype));
  }

  override readSync(): never {
    throw refuseReading();
  }

  /** Never settles: no code may be waiting, and the trace is refused anyway. */
  override read(): Promise<never> {
    refuseReading();
    return new Promise(() => undefined);
  }

  override refCount(dataId: object): number {
    return (dataId as MetaData).references;
  }

  override incRef(dataId: object): void {
    (dataId as MetaData).references++;
  }

  override disposeData(dataId: object, force = false): boolean {
    return --(dataId as MetaData).references <= 0 || force;
  }

  override numDataIds(): number {
    return 0;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {}
}

/** The error, which the trace ends with even where the function catches it or does not wait for it. */
function refuseReading(): UserError {
  const recorder = current('Reading a tensor');
  const { op, line } = callerOf();
  const error = new UserError(
    `${op ? `${op}() reads` : 'Reading'} a tensor's values, which are not known while tracing${line}${scopeText()}. Use ` +
      'operations instead of reading, or make it an input.',
  );
  recorder.refusal ??= error;
  return error;
}

function typed(values: tf.BackendValues, dtype: DType): ConstantData {
  const numbers = values as unknown as ArrayLike<number>;
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(numbers);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(numbers);
  return values instanceof Uint8Array ? values : Uint8Array.from(numbers);
}

const scopeText = (): string => (currentScope() ? ` in ${currentScope()}` : '');

function runRule(
  name: string,
  rule: KernelRule,
  params: Parameters<tf.KernelFunc>[0],
): tf.TensorInfo | tf.TensorInfo[] {
  const recorder = current(name);
  const infoByName = params.inputs as Record<string, tf.TensorInfo>;
  const tensors =
    rule.inputs === 'list' ? Object.values(infoByName) : rule.inputs.map((key) => infoByName[key]!);
  const inputs = tensors.map((tensor) => valueOf(recorder, tensor));
  const inferred = rule.infer(inputs, params.attrs ?? {});
  if (inferred.alias) {
    const { dataId, shape, dtype } = tensors[0]!;
    (dataId as MetaData).references++;
    return { dataId, shape: [...shape], dtype };
  }
  const ids = inputs.map((input) => input.id);
  const outputs = recorder.addNode(name, ids, inferred.attrs ?? {}, inferred.outputs, currentScope());
  const infos = outputs.map((id) => {
    const { shape, dtype } = recorder.values.get(id)!;
    return { dataId: dataFor(recorder, id), shape: [...shape], dtype };
  });
  return manyOutputs.has(name) ? infos : infos[0]!;
}

const manyOutputs = new Set(['SplitV', 'Unpack', 'FusedAdam', 'BatchNormTraining', 'BatchNormTrainingGrad']);

function register(): void {
  if (tf.engine().backendNames().includes(metaBackendName)) return;
  tf.registerBackend(metaBackendName, () => new MetaBackend(), 0);
  for (const [kernelName, rule] of Object.entries(kernelRules)) {
    tf.registerKernel({
      kernelName,
      backendName: metaBackendName,
      kernelFunc: (params) => runRule(kernelName, rule, params),
    });
  }
}
