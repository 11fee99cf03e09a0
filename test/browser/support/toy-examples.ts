/** The toy flow's answers to questions about examples from outside, their ranks, costs, neighbours and latents. */
import type { GivenExample, GivenFile } from '../../../src/protocol/given';
import type { InspectorMethod } from '../../../src/protocol/inspect';
import type { ToyFlow } from './toy-flow';

/** Runs in the page: the browser decodes what the engine would have decoded. */
async function given(flow: ToyFlow, { name, bytes }: GivenFile): Promise<GivenExample> {
  if (flow.summary.kind !== 'image') {
    const values = Float32Array.from(new TextDecoder().decode(bytes).trim().split(','), Number);
    return { values, source: { kind: 'numbers', count: values.length } };
  }
  if (!String.fromCharCode(...bytes.subarray(0, 4)).startsWith('\x89PNG'))
    throw new Error(`${name}: is not a PNG, JPEG or WebP picture.`);
  const [height = 0, width = 0] = flow.shape;
  const bitmap = await createImageBitmap(new Blob([bytes.slice()]));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const levels = flow.summary.levels!;
  return {
    values: Float32Array.from({ length: height * width }, (_, i) =>
      Math.floor((data[4 * i]! * levels) / 256),
    ),
    source: {
      kind: 'picture',
      width: bitmap.width,
      height: bitmap.height,
      colour: false,
      resized: bitmap.width !== width || bitmap.height !== height,
    },
  };
}

export function answerExamples(flow: ToyFlow, method: InspectorMethod, query: unknown): unknown {
  switch (method) {
    case 'givenExample':
      return given(flow, query as GivenFile);
    default:
      throw new Error(`The toy flow has no answer to ${method}.`);
  }
}
