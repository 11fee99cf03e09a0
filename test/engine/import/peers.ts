/** The files that other libraries wrote, and what those libraries computed with them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ImportAnswers } from '../../../src/protocol/import';
import { readNpz } from '../../unit/support/npz';
import { peersFolder } from './support';

export interface Peer {
  name: string;
  library: string;
  /** The checkpoint, in the format that the library saves where that is kept. */
  file: 'state_dict.pt' | 'state_dict.safetensors';
  /** What the file does not hold and is not the default. */
  answers: ImportAnswers;
}

interface Case {
  answers?: ImportAnswers;
  not_in_file?: { image_size?: [channels: number, height: number, width: number] };
  layers: { name: string }[];
  checks: { roundtrip_max_abs: number };
}

function caseOf(name: string): Case {
  return JSON.parse(readFileSync(peerFile(name, 'case.json'), 'utf8')) as Case;
}

/** Every folder of fixtures; its name begins with the library's. */
export const peers: readonly Peer[] = readdirSync(peersFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const { answers, not_in_file: missing } = caseOf(name);
    const [, height, width] = missing?.image_size ?? [];
    return {
      name,
      library: name.split('-')[0]!,
      file: existsSync(peerFile(name, 'state_dict.pt')) ? 'state_dict.pt' : 'state_dict.safetensors',
      answers: answers ?? (height && width ? { height, width } : {}),
    };
  });

export function peerFile(name: string, file: string): string {
  return path.join(peersFolder, name, file);
}

export interface Recorded {
  count: number;
  /** Channels last. */
  x: Float32Array;
  z: Float32Array;
  logDet: Float32Array;
  /** By the library's name of the layer, without a leading "module."; [count] each. */
  layers: Map<string, Float32Array>;
  /** Largest |x − inverse(forward(x))| of the library itself. */
  roundTrip: number;
  /** Images only: pixels with the noise that was used, channels last, and bits/dim of each example. */
  pixels?: Float32Array;
  bitsPerDim?: Float32Array;
}

export async function recorded(name: string): Promise<Recorded> {
  const archive = await readNpz(peerFile(name, 'io.npz'));
  const about = caseOf(name);
  const values = (array: string): Float32Array => {
    const { shape, data } = archive.array(array);
    const flat = Float32Array.from(data as ArrayLike<number>);
    return shape.length === 4 ? channelsLast(flat, shape as [number, number, number, number]) : flat;
  };
  const x = values('x');
  const count = archive.array('x').shape[0]!;
  const byLayer = values('logdet_layers');
  const columns = about.layers.length;
  const layers = new Map(
    about.layers.map(({ name: layer }, column) => [
      layer.replace(/^module\./, ''),
      Float32Array.from({ length: count }, (_, i) => byLayer[i * columns + column]!),
    ]),
  );
  const noise = archive.names.includes('noise') ? values('noise') : undefined;
  return {
    count,
    x,
    z: values('z'),
    logDet: values('logdet'),
    layers,
    roundTrip: about.checks.roundtrip_max_abs,
    ...(noise
      ? { pixels: values('image_u8').map((v, i) => v + noise[i]!), bitsPerDim: values('bits_per_dim') }
      : {}),
  };
}

function channelsLast(
  x: Float32Array,
  [n, channels, height, width]: [number, number, number, number],
): Float32Array {
  const plane = height * width;
  const out = new Float32Array(x.length);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < plane; p++) {
        out[(i * plane + p) * channels + c] = x[(i * channels + c) * plane + p]!;
      }
    }
  }
  return out;
}
