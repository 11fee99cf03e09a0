/** One small menu on every view: copy or save what it shows, as a picture or as numbers. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ModelSummary } from '../../../src/protocol/model';
import type { Store } from '../store/store';
import { useStore } from '../store/use-store';
import { menuKeys } from '../controls/menu';
import { useCloseOutside } from '../controls/outside';
import { words } from '../words';
import { text } from './text';
import { layerPhrase, madeNames } from '../layers/layer-names';
import { csvText } from '../view-data/csv';
import type { ViewData } from '../view-data/view-data';
import { npyBytes, npzBytes } from '../view-data/npy';
import { svgOf, type Picture } from './svg-of';
import { titleOf } from '../model-title';
import { messageOf } from '../host/page-api';

export interface TakeAwayProps {
  model: ModelSummary;
  numbers(): ViewData;
  /** What its caption names besides the model: by default the example and the statistics. */
  about?: 'layer' | 'samples' | 'run';
  /** What the view is called, for people. */
  title: string;
  /** The last part of the file's name. */
  fileName: string;
  /** CSS selector of the view's frame, which the menu lies in, and of what is drawn of it. */
  frame: string;
  content?: string;
}

export function TakeAway(props: TakeAwayProps) {
  const { model, about, title, frame, content } = props;
  const store = useStore();
  const [place, setPlace] = useState<{ right: number; top?: number; bottom?: number }>();
  const [message, setMessage] = useState('');
  const root = useRef<HTMLDivElement>(null);
  const button = (): HTMLElement | null => root.current?.querySelector<HTMLElement>('button') ?? null;
  const close = (): void => setPlace(undefined);

  // Before anything is painted: a key that closes the menu at once must not be followed by its focus.
  useLayoutEffect(() => {
    if (!place) return;
    root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const moved = (event: Event): void => {
      if (event.type === 'resize' || !root.current?.contains(event.target as Node)) close();
    };
    const listening = new AbortController();
    document.addEventListener('scroll', moved, { capture: true, signal: listening.signal });
    window.addEventListener('resize', moved, listening);
    return () => listening.abort();
  }, [place]);
  useCloseOutside(root, place !== undefined, close);
  useEffect(() => {
    if (!message) return;
    const timer = setTimeout(() => setMessage(''), 4000);
    return () => clearTimeout(timer);
  }, [message]);

  const open = (): void => {
    const box = button()!.getBoundingClientRect();
    const right = Math.max(0, document.documentElement.clientWidth - box.right);
    // Upwards where there is no room below.
    setPlace(
      box.bottom + 190 < window.innerHeight || box.top < 190
        ? { right, top: box.bottom + 2 }
        : { right, bottom: window.innerHeight - box.top + 2 },
    );
  };

  const take = async (item: ReturnType<typeof itemsOf>[number]): Promise<void> => {
    close();
    button()?.focus();
    try {
      setMessage((await item.run()) ?? '');
    } catch (error) {
      setMessage(text.notTaken(messageOf(error)));
    }
  };
  const picture = (): Picture => {
    const whole = root.current!.closest(frame)!;
    return svgOf(
      (content && whole.querySelector(content)) || whole,
      frame === '.chart' ? titleOf(model) : `${titleOf(model)}: ${title}`,
      [selectionText(store, model, about)],
    );
  };

  return (
    <div class="take" ref={root} onKeyDown={(event) => place && menuKeys(event, close)} data-not-in-picture>
      <button
        type="button"
        class="bare icon-button take-button"
        aria-haspopup="menu"
        aria-expanded={place !== undefined}
        aria-label={text.takeAway(title)}
        title={text.takeAway(title)}
        onClick={() => (place ? close() : open())}
      >
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M8 2v8M4.5 6.5 8 10l3.5-3.5M3 13.5h10" />
        </svg>
      </button>
      <span class={message ? 'take-message ellipsis' : 'sr'} role="status">
        {message}
      </span>
      {place ? (
        <div role="menu" aria-label={text.takeAway(title)} class="menu-items take-items" style={place}>
          {itemsOf(props, store, picture).map((item) => (
            <button key={item.name} type="button" role="menuitem" onClick={() => void take(item)}>
              {item.name}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

function itemsOf({ model, numbers, fileName }: TakeAwayProps, store: Store, picture: () => Picture) {
  const { host } = store.connection;
  const { columns, arrays } = numbers();
  const run = model.runFolder?.split(/[\\/]/).at(-1);
  const stem = [...(run ? [run] : []), model.fileName.replace(/(\.flow)?\.[^.]*$/, ''), fileName].join('-');
  const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
  const save = async (ending: string, content: Uint8Array): Promise<string | undefined> =>
    (await host.save(`${stem}.${ending}`, content)) ? text.saved(`${stem}.${ending}`) : undefined;
  const named = Object.entries(arrays ?? {});
  const items = [
    {
      name: text.copyPicture,
      async run() {
        try {
          // The promise is handed over at once: a clipboard belongs to the click.
          await navigator.clipboard.write([new ClipboardItem({ 'image/png': pngOf(picture()) })]);
          return text.copied;
        } catch {
          return text.notCopied;
        }
      },
    },
    {
      name: text.asPng,
      run: async () => save('png', new Uint8Array(await (await pngOf(picture())).arrayBuffer())),
    },
    { name: text.asSvg, run: () => save('svg', bytes(picture().text)) },
  ];
  if (columns) {
    const table = columns;
    items.splice(1, 0, {
      name: text.copyNumbers,
      async run() {
        const content = csvText(table);
        await navigator.clipboard.writeText(content).catch(() => host.copyText(content));
        return text.copied;
      },
    });
    items.push({ name: text.asCsv, run: () => save('csv', bytes(csvText(table))) });
  }
  if (named.length === 1) items.push({ name: text.asNpy, run: () => save('npy', npyBytes(named[0]![1])) });
  if (named.length > 1) items.push({ name: text.asNpz, run: () => save('npz', npzBytes(arrays!)) });
  return items;
}

/** What the view is about, to be read under the picture years later. */
function selectionText(store: Store, model: ModelSummary, about: TakeAwayProps['about']): string {
  const example = store.example.value;
  const batch = store.batch.value;
  const layer = store.layerInfo();
  const query = store.samplesQuery.value;
  const exampleName = !example
    ? undefined
    : example.kind === 'data'
      ? `${example.split} ${example.index}`
      : example.kind === 'sample'
        ? `${words.aSample} ${example.index}`
        : (madeNames[example.kind] ?? words.typed);
  return [
    model.fileName,
    ...(model.step === undefined ? [] : [`${words.step} ${model.step}`]),
    ...(about === 'layer' && layer ? [layerPhrase(layer), layer.name] : []),
    ...(about === 'samples'
      ? [`${words.seed} ${query.seed}`, `${words.temperature} ${query.temperature}`]
      : about === 'run'
        ? []
        : [
            ...(exampleName ? [text.exampleNamed(exampleName)] : []),
            text.statisticsOf(batch.count, batch.split),
            text.normMode(store.mode.value),
          ]),
    text.drawnBy,
  ].join(', ');
}

/** Pixels for each CSS pixel. */
const density = 2;
/** Above this a browser may refuse the canvas; very long views get fewer pixels instead. */
const largestSide = 8192;

/** The same picture in pixels, twice as many as on the screen. @throws Error when the browser cannot draw it */
async function pngOf({ text, width, height }: Picture): Promise<Blob> {
  const image = new Image();
  const drawn = new Promise<void>((resolve, reject) => {
    image.onload = () => resolve();
    image.onerror = () => reject(new Error('The picture could not be drawn.'));
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await drawn;
  const scale = Math.min(density, largestSide / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d')!;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture is too large for this browser.');
  return blob;
}
