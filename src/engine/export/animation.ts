/** The way of examples from x to z and back as an animated GIF, with the path of one of them and what each layer adds to its log p(x). */
import path from 'node:path';
import { subscript } from '../../base/digits';
import { escaped } from '../../base/escaped';
import { UserError } from '../../base/user-error';
import { animatedGif, type Frame } from '../../data/animated-gif';
import { writeAtomically } from '../../files/atomic';
import { between, boundsAt, eased } from '../../protocol/between-stages';
import type { WrittenFile } from '../../protocol/engine';
import type { NdArray } from '../../protocol/tensors';
import { columnsAt, rowAt } from '../../base/rows';
import { flowOf } from '../inspect/inspector';
import { checkIndex, type Inquiry } from '../inspect/inquiry';
import { firstContext, runPass } from '../inspect/pass';
import { inParts } from '../inspect/plane/parts';
import { batchOf } from '../model/examples';
import type { Model } from '../model/model';
import type { ExportOptions } from './onnx';

/** Examples that are drawn; the first is followed. */
const mostExamples = 500;
const side = 440;
const margin = 20;
/** Height of the text above the plane and of the bars below it, pixels. */
const [above, below] = [34, 84];
/** Pictures from x to z: as many for each layer as make about so many in all. */
const pictures = 72;
/** Milliseconds that a picture is shown: on the way, at a layer, and at either end. */
const shown = { moving: 50, resting: 250, end: 1200 };
const [raises, lowers, quiet, ink] = ['#c2571a', '#7a5bd0', '#b8bec6', '#1b2430'];

export interface AnimationOptions extends ExportOptions {
  /** The two that are drawn, from 0; by default the first. */
  features?: readonly [number, number] | undefined;
}

/** A place between two stages, in stages: 2.25 is a quarter of the way through the third layer. */
interface Moment {
  position: number;
  milliseconds: number;
}

/** @throws UserError for a flow of images or of one feature, or features that there are not; CancelledError */
export async function exportAnimation(
  opened: Model,
  output: string,
  options: AnimationOptions = {},
): Promise<WrittenFile> {
  const { signal = new AbortController().signal, onProgress } = options;
  const frames = await animationFrames(opened, { ...options, signal });
  const onFrame = (done: number): void =>
    onProgress?.({ message: 'Drawing', fraction: done / frames.length });
  const gif = await animatedGif(frames, { signal, onFrame });
  const file = path.resolve(output);
  await writeAtomically(file, gif);
  return { path: file, bytes: gif.length };
}

/** @throws as `exportAnimation` */
export async function animationFrames(
  opened: Model,
  { features = [0, 1], signal }: AnimationOptions & { signal: AbortSignal },
): Promise<Frame[]> {
  const model = await flowOf(opened);
  if (model.config.kind !== 'vector' || model.dimensions < 2)
    throw new UserError(
      'The way from x to z is drawn for flows of two or more features; this one has others.',
    );
  for (const feature of features)
    checkIndex(feature, model.dimensions, `Feature ${feature} was asked for; the flow has`);
  const scene = await sceneOf({ model, signal }, features, (await opened.summary()).featureNames);
  return momentsOf(model.layers.length).map(({ position, milliseconds }) => ({
    svg: frameOf(scene, position),
    milliseconds,
  }));
}

interface Scene {
  /** The two features of the examples in x and after each layer, [N, 2] each. */
  stages: NdArray<Float32Array>[];
  /** What each stage is called. */
  names: string[];
  /** What each layer adds to log p of the first example, and last the base, nats. */
  parts: number[];
  colors: string[];
  /** "income, age", as the data have them. */
  drawn: string;
}

async function sceneOf(
  inquiry: Inquiry,
  features: readonly [number, number],
  featureNames: readonly string[] | undefined,
): Promise<Scene> {
  const { model } = inquiry;
  const held = await model.data.open().catch(() => undefined);
  const split = held?.validation.count ? 'validation' : held?.train.count ? 'train' : 'sample';
  const batch = await batchOf(model, { split, count: mostExamples });
  const size = model.dimensions;
  const data = { shape: [batch.count, size], data: batch.x };
  const points = await inParts(inquiry, await model.programs.points(), 'x', data, batch.context);
  const context = firstContext(batch);
  const first = {
    x: rowAt(batch.x, size, 0),
    shown: rowAt(batch.shown, size, 0),
    ...(context ? { context } : {}),
  };
  const pass = await runPass(inquiry, { count: 1, ...first }, 'eval');
  const stages = [data, ...model.layers.map((_, i) => points.get(String(i))!)].map((values) => ({
    shape: [batch.count, 2],
    data: columnsAt(values.data, size, features),
  }));
  const z = stages.at(-1)!.data;
  return {
    stages,
    drawn: features.map((d) => featureNames?.[d] ?? `x${subscript(d + 1)}`).join(', '),
    names: ['x, the data', ...model.layers.map(({ info }) => info.name)],
    parts: [...pass.layers.map(({ logDet }) => logDet.layer[0]! + logDet.norm[0]!), pass.prior[0]!],
    // Where an example ends tells it apart on its way.
    colors: Array.from(
      { length: batch.count },
      (_, i) => `hsl(${Math.round((Math.atan2(z[2 * i + 1]!, z[2 * i]!) * 180) / Math.PI + 180)},62%,46%)`,
    ),
  };
}

/** To z, and back at twice the pace. */
function momentsOf(layers: number): Moment[] {
  const each = Math.max(2, Math.min(12, Math.round(pictures / layers)));
  const there = Array.from({ length: layers * each + 1 }, (_, i): Moment => {
    const isEnd = i === 0 || i === layers * each;
    const milliseconds = isEnd ? shown.end : i % each === 0 ? shown.resting : shown.moving;
    return { position: Math.floor(i / each) + eased((i % each) / each), milliseconds };
  });
  const back = there.slice(1, -1).filter((_, i) => i % 2 === 1);
  return [...there, ...back.reverse().map(({ position }) => ({ position, milliseconds: shown.moving }))];
}

function frameOf({ stages, names, parts, colors, drawn }: Scene, position: number): string {
  const last = stages.length - 1;
  const { x, y } = boundsAt({ points: stages }, position);
  const { data } = between(stages, position);
  const scale = side / (x[1] - x[0]);
  const place = (values: Float32Array, i: number): string =>
    `${(margin + (values[2 * i]! - x[0]) * scale).toFixed(1)} ${(above + (y[1] - values[2 * i + 1]!) * scale).toFixed(1)}`;
  const dots = colors.map((color, i) => `<path stroke="${color}" d="M${place(data, i)}h0"/>`);
  const passed = stages.slice(0, Math.floor(position) + 1).map((stage) => place(stage.data, 0));
  const trail = [...passed, place(data, 0)].join('L');
  const name = position === last ? 'z' : names[Math.ceil(position)]!;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${side + 2 * margin}" height="${above + side + below}" font-family="sans-serif" font-size="14" fill="${ink}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${margin}" y="22" font-weight="600">${escaped(name)}</text>
<text x="${margin + side}" y="22" text-anchor="end">${escaped(drawn)}</text>
<clipPath id="plane"><rect x="${margin}" y="${above}" width="${side}" height="${side}"/></clipPath>
<rect x="${margin}" y="${above}" width="${side}" height="${side}" fill="none" stroke="${quiet}"/>
<g clip-path="url(#plane)"><g stroke-width="4" stroke-linecap="round" stroke-opacity=".75">${dots.join('')}</g>
<path fill="none" stroke="${ink}" stroke-width="1.5" d="M${trail}"/><path stroke="${ink}" stroke-width="9" stroke-linecap="round" d="M${place(data, 0)}h0"/></g>
${barsOf(parts, position)}
</svg>`;
}

/** What each layer and the base add to log p of the followed example, as far as it came, and the sum. */
function barsOf(parts: readonly number[], position: number): string {
  const top = above + side + 34;
  const height = below - 40;
  const width = side / parts.length;
  const passed = parts.map((_, i) =>
    i === parts.length - 1 ? Number(position >= i) : Math.min(1, Math.max(0, position - i)),
  );
  const most = Math.max(1e-9, ...parts.filter(Number.isFinite).map(Math.abs));
  const bars = parts.map((part, i) => {
    const tall = Number.isFinite(part) ? ((Math.abs(part) / most) * height) / 2 : 0;
    const y = top + height / 2 - (part > 0 ? tall : 0);
    return `<rect x="${(margin + i * width + 0.5).toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(0.5, width - 1).toFixed(1)}" height="${tall.toFixed(1)}" fill="${passed[i]! > 0 ? (part > 0 ? raises : lowers) : quiet}"/>`;
  });
  const sum = parts.reduce((total, part, i) => total + passed[i]! * part, 0);
  const says = passed.at(-1) === 1 ? 'log p(x)' : 'log-det so far';
  return `<path stroke="${quiet}" d="M${margin} ${top + height / 2}h${side}"/>${bars.join('')}
<text x="${margin}" y="${above + side + 22}">${says} ${sum < 0 ? '−' : '+'}${Math.abs(sum).toFixed(2)} nats</text>`;
}
