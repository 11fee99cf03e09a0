/** Two-dimensional flows: the points after each layer, and the latent grid that every layer bends. */
import { useSignal } from '@preact/signals';
import type { PlaneView } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import type { NdArray } from '../../src/protocol/tensors';
import { Sized } from '../charts/sized';
import { Slider } from '../controls/slider';
import { signedScale } from '../draw/colour-maps';
import { gridCells } from '../draw/polygon';
import { cssText } from '../draw/theme';
import { fixed, ticks, tickText } from '../format/numbers';
import { useStore } from '../state/use-store';
import { featureName, layerPhrase } from '../strip/layer-names';
import { text } from '../strings';
import { Board } from '../views/canvas';
import { Legend } from '../views/legend';
import { drawPoints, frameOf, toScreen, type PlaneFrame } from './points';

const areaLimit = 3;

export function planeAxes(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  names: [string, string],
): void {
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.lineWidth = 1;
  const { size } = frame;
  for (const value of ticks(...frame.x, 4)) {
    const [x] = toScreen(frame, value, 0);
    context.strokeStyle = cssText('--grid');
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, size);
    context.stroke();
    context.fillStyle = cssText('--muted');
    context.textAlign = 'center';
    if (x > 12 && x < size - 40) context.fillText(tickText(value), x, size - 5);
  }
  for (const value of ticks(...frame.y, 4)) {
    const [, y] = toScreen(frame, 0, value);
    context.strokeStyle = cssText('--grid');
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(size, y);
    context.stroke();
    context.fillStyle = cssText('--muted');
    context.textAlign = 'left';
    if (y > 24 && y < size - 18) context.fillText(tickText(value), 4, y - 3);
  }
  context.fillStyle = cssText('--muted');
  context.textAlign = 'right';
  context.fillText(names[0], size - 5, size - 5);
  context.textAlign = 'left';
  context.fillText(names[1], 4, 13);
  context.strokeStyle = cssText('--axis');
  context.strokeRect(0.5, 0.5, size - 1, size - 1);
}

export function PlaneTab({ model, view }: { model: ModelSummary; view: PlaneView }) {
  const store = useStore();
  const position = model.layers.findIndex((l) => l.index === store.layer.value) + 1;
  const last = view.points.length - 1;
  // Layer 0's slot is the data itself, which is no layer: the slider alone reaches it.
  const atData = useSignal<number | undefined>(undefined);
  const stage = atData.value === position ? 0 : Math.min(last, position);
  const points = view.points[stage]!;
  const grid = view.grids[stage];
  const flat = view.grids[last];
  const cells = grid && flat ? gridCells(grid, flat) : [];
  const areas = cells
    .filter((cell) => !cell.folded && Number.isFinite(cell.logArea))
    .map((cell) => cell.logArea);
  areas.sort((a, b) => a - b);
  const folded = cells.length - areas.length;
  const stageName =
    stage === 0
      ? text.dataSpace
      : stage === last
        ? text.latentSpace
        : text.afterLayer(layerPhrase(model.layers[stage - 1]!));
  const letter = stage === 0 ? 'x' : stage === last ? 'z' : 'h';
  const bad = !points.data.every(Number.isFinite);
  const scale = (light: boolean) => signedScale(areaLimit, light);
  return (
    <>
      <p class="muted">
        {stageName}, {text.planeNote(stage, last)}
      </p>
      <div class="plane-view">
        <div class="plane-box">
          <Sized>
            {(width, height) => {
              const size = Math.min(width, height);
              const frame = stage === last ? latentFrame(points, size) : frameOf(points, size, 0.002);
              return (
                <Board
                  width={size}
                  height={size}
                  name="plane"
                  label={stageName}
                  draw={(context, light) => {
                    const colours = signedScale(areaLimit, light);
                    if (grid) {
                      context.save();
                      context.globalAlpha = 0.85;
                      for (const cell of cells) {
                        if (cell.folded || !Number.isFinite(cell.logArea)) continue;
                        const [r, g, b] = colours.at(cell.logArea);
                        context.fillStyle = `rgb(${r},${g},${b})`;
                        context.beginPath();
                        for (let k = 0; k < 4; k++)
                          context[k ? 'lineTo' : 'moveTo'](
                            ...toScreen(frame, cell.corners[2 * k]!, cell.corners[2 * k + 1]!),
                          );
                        context.closePath();
                        context.fill();
                      }
                      context.restore();
                      drawGrid(context, frame, grid, light);
                    }
                    drawPoints(context, frame, points, 1.7, view.labels);
                    planeAxes(context, frame, [
                      letter === 'x' ? featureName(model, 0) : featureName(model, 0, letter),
                      letter === 'x' ? featureName(model, 1) : featureName(model, 1, letter),
                    ]);
                  }}
                />
              );
            }}
          </Sized>
        </div>
        <div class="note">
          <div>
            <h3>{text.cellArea}</h3>
            <p class="tick">{text.cellAreaNote}</p>
            <Legend scale={scale} width={150} />
          </div>
          <dl class="stat">
            <dt>{text.smallest}</dt>
            <dd>{areas.length ? fixed(areas[0], 2) : '–'}</dd>
            <dt>{text.median}</dt>
            <dd>{areas.length ? fixed(areas[areas.length >> 1], 2) : '–'}</dd>
            <dt>{text.largest}</dt>
            <dd>{areas.length ? fixed(areas.at(-1), 2) : '–'}</dd>
            <dt>{text.cellsTooCoarse}</dt>
            <dd>{`${folded} of ${cells.length}`}</dd>
          </dl>
          {bad ? <p class="bad">NaN, ∞</p> : <p class="tick">{text.planeReading}</p>}
        </div>
      </div>
      <div class="walk">
        <span class="tick">x</span>
        <Slider
          label={text.walk}
          min={0}
          max={last}
          step={1}
          value={stage}
          valueText={stageName}
          onInput={(value) => {
            if (value === 0) store.selectLayer(model.layers[0]!.index);
            else store.selectLayer(model.layers[value - 1]!.index);
            atData.value = value === 0 ? 1 : undefined;
          }}
        />
        <span class="tick">z</span>
      </div>
    </>
  );
}

/** The latent plane looks the same for every model, unless points lie far outside. */
function latentFrame(points: NdArray<Float32Array>, size: number): PlaneFrame {
  const found = frameOf(points, size);
  const reach = Math.max(...[...found.x, ...found.y].map(Math.abs));
  const limit = reach > 6 ? reach : 3.8;
  return { size, x: [-limit, limit], y: [-limit, limit] };
}

function drawGrid(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  grid: NdArray<Float32Array>,
  light: boolean,
): void {
  const n = grid.shape[0]!;
  const every = Math.max(1, Math.round((n - 1) / 16));
  context.strokeStyle = light ? '#00000038' : '#ffffff3d';
  context.lineWidth = 0.7;
  const line = (at: (k: number) => number): void => {
    context.beginPath();
    for (let k = 0; k < n; k++) {
      const i = at(k) * 2;
      context[k ? 'lineTo' : 'moveTo'](...toScreen(frame, grid.data[i]!, grid.data[i + 1]!));
    }
    context.stroke();
  };
  for (let i = 0; i < n; i += every) {
    line((k) => i * n + k);
    line((k) => k * n + i);
  }
}
