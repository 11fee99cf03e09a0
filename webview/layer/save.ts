/** Taking the layer's view away: a picture of its maps, or its numbers. */
import type { LayerView } from '../../src/protocol/inspect';
import { cssText } from '../draw/theme';

/** All maps of `element`, where they stand, at the screen's resolution. */
export async function pngOf(element: Element, title: string): Promise<Uint8Array | undefined> {
  const canvases = [...element.querySelectorAll('canvas')].filter((c) => c.width > 0 && c.clientWidth > 0);
  if (canvases.length === 0) return undefined;
  const boxes = canvases.map((canvas) => canvas.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)) - 12;
  const top = Math.min(...boxes.map((box) => box.top)) - 40;
  const width = Math.max(...boxes.map((box) => box.right)) + 12 - left;
  const height = Math.max(...boxes.map((box) => box.bottom)) + 12 - top;
  const scale = 2;
  const target = document.createElement('canvas');
  target.width = Math.ceil(width * scale);
  target.height = Math.ceil(height * scale);
  const context = target.getContext('2d')!;
  context.scale(scale, scale);
  context.imageSmoothingEnabled = false;
  context.fillStyle = cssText('--surface');
  context.fillRect(0, 0, width, height);
  context.fillStyle = cssText('--fg');
  context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  context.fillText(title, 12, 16);
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  canvases.forEach((canvas, i) => {
    const box = boxes[i]!;
    context.drawImage(canvas, box.left - left, box.top - top, box.width, box.height);
    if (canvas.dataset.name && box.width > 24)
      context.fillText(canvas.dataset.name, box.left - left, box.top - top - 2);
  });
  const blob = await new Promise<Blob | null>((resolve) => target.toBlob(resolve, 'image/png'));
  return blob ? new Uint8Array(await blob.arrayBuffer()) : undefined;
}

/** One line an element: its place, then every tensor of the layer's shape. */
export function csvOf(view: LayerView): string {
  const columns: { name: string; data: Float32Array }[] = view.tensors.flatMap((tensor) =>
    tensor.data ? [{ name: tensor.name, data: tensor.data }] : [],
  );
  if (view.mask) columns.push({ name: 'mask', data: view.mask.data });
  if (view.logDetMap) columns.push({ name: 'log_det', data: view.logDetMap.data });
  if (view.logDetMapMean) columns.push({ name: 'log_det_mean', data: view.logDetMapMean.data });
  const shape = view.tensors[0]?.shape ?? [];
  const image = shape.length === 3;
  const lines = [
    [...(image ? ['row', 'column', 'channel'] : ['feature']), ...columns.map((c) => c.name)].join(','),
  ];
  const length = columns[0]?.data.length ?? 0;
  for (let i = 0; i < length; i++) {
    const place = image
      ? [Math.floor(i / (shape[1]! * shape[2]!)), Math.floor(i / shape[2]!) % shape[1]!, i % shape[2]!]
      : [i];
    lines.push([...place, ...columns.map((c) => (i < c.data.length ? String(c.data[i]) : ''))].join(','));
  }
  return `${lines.join('\n')}\n`;
}
