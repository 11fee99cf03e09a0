/**
 * Stands in for VS Code inside the preview page: `acquireVsCodeApi` whose other end answers with the preview that the test
 * left in `window.previewAnswers`, over the same message channel and encoding.
 */
import { createBirpc } from 'birpc';
import type { DataPreview } from '../../../src/protocol/data';
import type { PreviewEvents, PreviewHost } from '../../../src/protocol/preview-page';
import { decode, encode } from '../../../src/protocol/wire';

/** A preview as JSON carries it: the picture in base64. */
export type PlainPreview = Omit<DataPreview, 'sheet'> & {
  sheet?: Omit<NonNullable<DataPreview['sheet']>, 'png'> & { png: string };
};

export interface PreviewSide {
  /** What the next question gets. */
  preview?: PlainPreview;
  error?: string;
  /** Milliseconds before the answer. */
  delay: number;
  calls: string[];
  state: unknown;
  changed(): void;
}

declare global {
  interface Window {
    previewStart: Pick<PreviewSide, 'preview' | 'error'> & { delay?: number };
    previewSide: PreviewSide;
  }
}

let receive: (message: unknown) => void = () => {};
const note = async (name: string): Promise<void> => void window.previewSide.calls.push(name);

const functions: PreviewHost = {
  source: async () => '/data/of/a/test.csv',
  async preview(token) {
    const side = window.previewSide;
    await note('preview');
    const gone = (): boolean => side.calls.includes(`cancel ${token}`);
    for (let waited = 0; waited < side.delay && !gone(); waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    if (side.error !== undefined) throw new Error(side.error);
    const { sheet, ...rest } = side.preview!;
    if (!sheet) return rest;
    const png = Uint8Array.from(atob(sheet.png), (character) => character.charCodeAt(0));
    return { ...rest, sheet: { ...sheet, png } };
  },
  cancel: (token) => note(`cancel ${token}`),
  showLog: () => note('showLog'),
  train: () => note('train'),
};

// As strict as VS Code's own channel: encoded messages must survive a structured clone.
const page = createBirpc<PreviewEvents, PreviewHost>(functions, {
  post: (message) =>
    void window.dispatchEvent(new MessageEvent('message', { data: structuredClone<unknown>(message) })),
  on: (listener) => (receive = listener),
  serialize: encode,
  deserialize: decode,
  timeout: -1,
});

window.previewSide = {
  delay: 0,
  ...window.previewStart,
  calls: [],
  state: undefined,
  changed: () => void page.changed(),
};

window.acquireVsCodeApi = () => ({
  postMessage: (message: unknown) => receive(structuredClone<unknown>(message)),
  getState: () => window.previewSide.state,
  setState: (state: unknown) => {
    window.previewSide.state = structuredClone<unknown>(state);
  },
});
