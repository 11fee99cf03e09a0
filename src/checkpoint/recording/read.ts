/** Reads a recording: what a flow of any library did to a batch, layer by layer. docs/recording.md specifies the file. */
import * as v from 'valibot';
import { defined } from '../../base/defined';
import { jsonIn } from '../../base/json-parts';
import { sizeOf } from '../../base/shape';
import { shortened, UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import { readTensors, withSafetensors, type SafetensorsFile } from '../tensors/safetensors';
import {
  recordingFormat,
  recordingSchema,
  recordingVersion,
  type RecordedLayerAbout,
  type RecordingAbout,
} from './schema';

/** All of it is kept in memory while it is open. */
const largestRecording = 256 * 2 ** 20;

/** [N, …] row-major, channels last. */
export type Rows = NdArray<Float32Array>;

export type Recording = ReturnType<Reader['recording']>;
export type RecordedLayer = ReturnType<Reader['layer']>;

export function isRecording(metadata: Readonly<Record<string, unknown>>): boolean {
  return metadata['format'] === recordingFormat;
}

/** @throws UserError for a file that is none, is damaged, or of a newer version */
export async function readRecording(opened: SafetensorsFile): Promise<Recording> {
  const { file, bytes } = opened;
  const about = readAbout(opened);
  if (bytes > largestRecording) {
    throw new UserError(
      `${file}: is a recording of ${Math.round(bytes / 2 ** 20)} MB; at most ${largestRecording / 2 ** 20} MB are opened. Record ` +
        'fewer examples.',
    );
  }
  return new Reader(file, await readTensors(opened)).recording(about, bytes);
}

/** What a recording says of itself, without reading its tensors. @throws UserError as `readRecording` */
export const readRecordingHeader = (file: string): Promise<RecordingAbout> =>
  withSafetensors(file, readAbout);

function readAbout({ file, metadata }: SafetensorsFile): RecordingAbout {
  if (!isRecording(metadata)) {
    throw new UserError(
      `${file}: is no recording; the metadata of one have the format "${recordingFormat}". Write it with the Python package ` +
        '"flowscope".',
    );
  }
  const version = Number(metadata['format_version']);
  if (!Number.isInteger(version) || version < 1)
    throw damaged(file, `format_version is ${JSON.stringify(metadata['format_version'])}`);
  if (version > recordingVersion) {
    throw new UserError(
      `${file}: is a recording of version ${version}; this Flowscope reads up to ${recordingVersion}. Update Flowscope to open it.`,
    );
  }
  const about = jsonIn(metadata['recording'] ?? '');
  if (about === undefined) throw damaged(file, 'its metadata "recording" are not JSON');
  const result = v.safeParse(recordingSchema, about, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw damaged(
    file,
    `its metadata "recording": ${v.getDotPath(issue) ?? 'the whole'}: ${shortened(issue.message)}`,
  );
}

function damaged(file: string, what: string): UserError {
  return new UserError(`${file}: is a damaged recording: ${what}. Record it again.`);
}

/** Takes tensors by name and holds their shapes against each other. */
class Reader {
  constructor(
    private readonly file: string,
    private readonly tensors: Readonly<Record<string, NdArray>>,
  ) {}

  recording(about: RecordingAbout, bytes: number) {
    const x = this.rows('x') ?? this.missing('x');
    const count = x.shape[0]!;
    const layers: RecordedLayer[] = [];
    const seen = new Set<string>();
    for (const [index, layer] of about.layers.entries()) {
      if (seen.has(layer.name)) throw damaged(this.file, `two layers are called "${shortened(layer.name)}"`);
      seen.add(layer.name);
      layers.push(this.layer(layer, index, layers.at(-1)?.output ?? x));
    }
    const z = this.rows('z', count) ?? layers.at(-1)!.output;
    const dimensions = sizeOf(x.shape.slice(1));
    if (sizeOf(z.shape.slice(1)) !== dimensions) {
      throw damaged(
        this.file,
        `z has ${sizeOf(z.shape.slice(1))} values for an example; x has ${dimensions}`,
      );
    }
    const prior = this.numbers('base_log_prob', count);
    if (about.base === 'other' && !prior) this.missing('base_log_prob');
    const context = this.rows('context', count);
    if (context && about.contextNames && about.contextNames.length !== sizeOf(context.shape.slice(1))) {
      const [names, numbers] = [about.contextNames.length, sizeOf(context.shape.slice(1))];
      throw damaged(this.file, `its context has ${numbers} numbers and ${names} names`);
    }
    const samples = this.samples(about.layers.length, z.shape, x.shape, about.base);
    return {
      file: this.file,
      ...{ bytes, about, x, z, layers },
      /** Examples. */
      count,
      /** Shape of one example. */
      shape: x.shape.slice(1),
      ...defined({
        /** ln p(z), [N]; absent for a standard normal. */
        prior: about.base === 'other' ? prior : undefined,
        context,
        samples,
      }),
    };
  }

  layer(about: RecordedLayerAbout, index: number, before: Rows) {
    const name = (part: string): string => `layers.${index}.${part}`;
    const count = before.shape[0]!;
    const input = this.rows(name('input'), count) ?? before;
    const output = this.rows(name('output'), count) ?? this.missing(name('output'));
    const logDet = this.numbers(name('log_det'), count) ?? this.missing(name('log_det'));
    const sizes = [sizeOf(output.shape.slice(1)), sizeOf(input.shape.slice(1))];
    const jacobian = this.rows(name('jacobian'), undefined, count);
    if (jacobian) this.expectShape(name('jacobian'), jacobian.shape.slice(1), sizes);
    const { order } = about;
    if (order && !(new Set(order).size === sizes[1] && order.every((feature) => feature < sizes[1]!)))
      throw damaged(this.file, `${name('order')} is no order of ${sizes[1]} features`);
    const path = this.tensors[name('path')];
    const times = Math.max(2, path?.shape[1] ?? 0);
    if (path) this.expectShape(name('path'), path.shape, output.shape.toSpliced(1, 0, times));
    return {
      ...{ about, input, output },
      /** Nats, [N] each. */
      logDet,
      activations: (about.activations ?? []).map((activation, k) => ({
        name: activation,
        values: this.rows(name(`activations.${k}`), count) ?? this.missing(name(`activations.${k}`)),
      })),
      ...defined({
        roundTrip: this.numbers(name('round_trip'), count),
        wayError: this.numbers(name('way_error'), count),
        /** The log-det of a slice of time minus a finer solver's; NaN where it was not compared. */
        logDetError: this.numbers(name('log_det_error'), count),
        /** The states in a slice of time at M equal times, both ends included: [N, M, …]. */
        path: path && { shape: path.shape, data: Float32Array.from(path.data) },
        /** In the shape of the input. */
        elements: this.shaped(name('log_det_elements'), input.shape),
        passes: this.flags(name('passes'), input.shape.slice(1)),
        /** Jacobians of the first examples, [J, outputs, inputs]. */
        jacobian,
        /** [outputs, inputs]. */
        dependencies: this.flags(name('dependencies'), sizes),
      }),
    };
  }

  samples(layers: number, z: readonly number[], x: readonly number[], base: RecordingAbout['base']) {
    const latents = this.rows('samples.z');
    if (!latents) return undefined;
    const count = latents.shape[0]!;
    this.expectShape('samples.z', latents.shape.slice(1), z.slice(1));
    const inputs = Array.from({ length: layers }, (_, i) => {
      const name = `samples.inputs.${i}`;
      return this.rows(name, count) ?? this.missing(name);
    });
    this.expectShape('samples.inputs.0', inputs[0]!.shape.slice(1), x.slice(1));
    const prior = this.numbers('samples.base_log_prob', count);
    return {
      count,
      z: latents,
      /** At the input of each layer; the first is x. */
      inputs,
      ...defined({ prior: base === 'other' ? prior : undefined }),
    };
  }

  private missing(name: string): never {
    throw damaged(this.file, `it holds no tensor "${name}"`);
  }

  /** [count, D] or [count, H, W, C]; `most` rows where their number is free. */
  private rows(name: string, count?: number, most = Infinity): Rows | undefined {
    const tensor = this.tensors[name];
    if (!tensor) return undefined;
    const { shape, data } = tensor;
    const [rows = 0] = shape;
    const fits = name.endsWith('.jacobian') ? shape.length === 3 : shape.length === 2 || shape.length === 4;
    if (!fits || data.length === 0 || rows > most || (count !== undefined && rows !== count)) {
      throw damaged(
        this.file,
        `"${name}" has the shape [${shape.join(', ')}]; expected [${count ?? 'examples'}, …], a row or an image [H, W, C] each`,
      );
    }
    return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
  }

  private shaped(name: string, shape: readonly number[]): Rows | undefined {
    const rows = this.rows(name, shape[0]);
    if (rows) this.expectShape(name, rows.shape, shape);
    return rows;
  }

  private numbers(name: string, count: number): Float32Array | undefined {
    const tensor = this.tensors[name];
    if (!tensor) return undefined;
    this.expectShape(name, tensor.shape, [count]);
    return Float32Array.from(tensor.data);
  }

  private flags(name: string, shape: readonly number[]): Uint8Array | undefined {
    const tensor = this.tensors[name];
    if (!tensor) return undefined;
    this.expectShape(name, tensor.shape, shape);
    return Uint8Array.from(tensor.data, (value) => Number(value !== 0));
  }

  private expectShape(name: string, shape: readonly number[], expected: readonly number[]): void {
    if (shape.join() === expected.join()) return;
    throw damaged(
      this.file,
      `"${name}" has the shape [${shape.join(', ')}]; expected [${expected.join(', ')}]`,
    );
  }
}
