/** The page: tools, the plane, and what becomes of the points. */
import { useComputed, useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { drawnReach, fewestPoints, mostPoints, type DrawHost } from '../../src/protocol/draw-page';
import { Choice } from '../base/controls/segmented';
import { Slider, type SliderProps } from '../base/controls/slider';
import { Button, Dropdown, LinkButton } from '../base/controls/toolkit';
import { DrawingPlane, type Tool } from './plane';
import { changed, emptyDrawing, fitted, redone, undone, type Drawing } from './points';
import { messageOf } from '../base/host/page-api';
import { words } from '../base/words';
import { text } from './text';

type Work =
  { kind: 'none' } | { kind: 'busy'; says: string; token?: string } | { kind: 'failed'; why: string };

let calls = 0;

export interface AppProps {
  host: DrawHost;
  start: readonly number[];
  keep(points: readonly number[]): void;
}

export function App({ host, start, keep }: AppProps) {
  const drawing = useSignal<Drawing>({ ...emptyDrawing, points: start });
  const tool = useSignal<Tool>('spray');
  const size = useSignal(0.25);
  const density = useSignal(8);
  const builtin = useSignal<{ name: string; title: string }[]>([]);
  const work = useSignal<Work>({ kind: 'none' });
  const saved = useSignal('');
  const count = useComputed(() => drawing.value.points.length / 2);
  const busy = work.value.kind === 'busy';

  useEffect(() => void host.builtin().then((sets) => (builtin.value = sets)), [host]);
  const become = (next: Drawing): void => {
    if (next === drawing.peek()) return;
    drawing.value = next;
    saved.value = '';
    keep(next.points);
  };
  const undo = (): void => become(undone(drawing.peek()));
  const redo = (): void => become(redone(drawing.peek()));
  const run = async (says: string, what: (token: string) => Promise<void>): Promise<void> => {
    const token = `draw-${++calls}`;
    work.value = { kind: 'busy', says, token };
    const mine = (): boolean =>
      work.peek().kind === 'busy' && (work.peek() as { token?: string }).token === token;
    try {
      await what(token);
      if (mine()) work.value = { kind: 'none' };
    } catch (error) {
      if (mine()) work.value = { kind: 'failed', why: messageOf(error) };
    }
  };
  const load = (name: string): Promise<void> =>
    run(text.loading, async (token) => {
      const points = await host.load(name, token);
      if (work.peek().kind === 'busy') become(changed(drawing.peek(), fitted(points, drawnReach)));
    });
  const save = (train: boolean): Promise<void> =>
    run(text.saving, async () => {
      const points = Float32Array.from(drawing.peek().points);
      const name = await (train ? host.saveAndTrain(points) : host.save(points));
      if (name !== undefined) saved.value = text.saved(name);
    });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === 'z' && !event.shiftKey) undo();
      else if (key === 'y' || (key === 'z' && event.shiftKey)) redo();
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  const { past, future, points } = drawing.value;
  const slider = (label: string, of: Signal<number>, range: Partial<SliderProps> & { max: number }) => (
    <label class="draw-slider flex-center">
      <span>{label}</span>
      <Slider {...{ label, ...range }} value={of.value} onInput={(value) => (of.value = value)} />
    </label>
  );
  return (
    <main class="draw-page flex-column">
      <header>
        <h1>{text.title}</h1>
        <p class="muted">{text.about}</p>
      </header>
      <div class="draw-tools row">
        <Choice label={text.tool} of={tool} options={{ spray: text.spray, erase: text.eraser }} />
        {slider(text.size, size, { min: 0.05, max: 1.5, step: 0.05 })}
        {slider(words.density, density, { min: 1, max: 40, valueText: text.perDab(density.value) })}
        <div class="row">
          <Button disabled={past.length === 0} onClick={undo}>
            {text.undo}
          </Button>
          <Button disabled={future.length === 0} onClick={redo}>
            {text.redo}
          </Button>
          <Button disabled={points.length === 0} onClick={() => become(changed(drawing.peek(), []))}>
            {text.clear}
          </Button>
        </div>
        <div class="row">
          <span>{text.startFrom}</span>
          <Dropdown
            label={text.startFrom}
            value=""
            disabled={busy}
            options={[
              { value: '', text: text.chooseSet },
              ...builtin.value.map(({ name, title }) => ({ value: name, text: title })),
            ]}
            onChange={(name) => (name ? void load(name) : undefined)}
          />
        </div>
      </div>
      <DrawingPlane
        drawing={drawing.value}
        tool={tool.value}
        size={size.value}
        density={density.value}
        onChange={become}
        onTool={(value) => (tool.value = value)}
      />
      <div class="draw-end flex-column">
        <p role="status">
          <b data-count={count.value}>{text.points(count.value)}</b>{' '}
          <span class="muted">
            {saved.value ||
              (count.value === 0
                ? text.empty
                : count.value < fewestPoints
                  ? text.few(fewestPoints)
                  : count.value >= mostPoints
                    ? text.full(mostPoints)
                    : '')}
          </span>
        </p>
        <div class="row">
          <Button disabled={busy || count.value < fewestPoints} onClick={() => void save(false)}>
            {text.save}
          </Button>
          <Button primary disabled={busy || count.value < fewestPoints} onClick={() => void save(true)}>
            {text.saveAndTrain}
          </Button>
        </div>
        {work.value.kind === 'busy' ? (
          <div class="wait-note flex-center" role="status">
            <span class="progress pulse" />
            <span class="tick">{work.value.says}</span>
            <LinkButton
              onClick={() => {
                const { token } = work.peek() as { token?: string };
                work.value = { kind: 'none' };
                if (token) void host.cancel(token).catch(() => {});
              }}
            >
              {words.cancel}
            </LinkButton>
          </div>
        ) : work.value.kind === 'failed' ? (
          <div role="alert">
            <b class="bad">{text.failed}</b> {work.value.why}{' '}
            <LinkButton onClick={() => void host.showLog()}>{words.showLog}</LinkButton>
          </div>
        ) : null}
      </div>
    </main>
  );
}
