/** The theme as the drawing code sees it, and the theme of a standalone page. */
import { signal } from '@preact/signals';

export type Rgb = readonly [number, number, number];

export interface Theme {
  kind: 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';
  /** Light surfaces take the light color map. */
  light: boolean;
  /** Grows when any color may have changed; canvases draw again. */
  version: number;
}

export const theme = signal<Theme>({ kind: 'dark', light: false, version: 0 });

function currentKind(): Theme['kind'] {
  const classes = document.body.classList;
  if (classes.contains('vscode-high-contrast-light')) return 'high-contrast-light';
  if (classes.contains('vscode-high-contrast')) return 'high-contrast';
  return classes.contains('vscode-light') ? 'light' : 'dark';
}

function read(): void {
  const kind = currentKind();
  theme.value = {
    kind,
    light: kind === 'light' || kind === 'high-contrast-light',
    version: theme.peek().version + 1,
  };
}

/** Follows VS Code, which changes the body's class and the root's style when the theme changes. */
export function followTheme(): void {
  read();
  const observer = new MutationObserver(read);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}

/** The theme outside VS Code, where no host sets it: the system's. */
export function standAloneTheme(): void {
  const queries = [
    '(prefers-color-scheme: light)',
    '(prefers-contrast: more)',
    '(forced-colors: active)',
  ].map((q) => matchMedia(q));
  const apply = (): void => {
    const light = queries[0]!.matches;
    const contrast = queries[1]!.matches || queries[2]!.matches;
    const kind = contrast ? (light ? 'high-contrast-light' : 'high-contrast') : light ? 'light' : 'dark';
    document.body.dataset.vscodeThemeKind = `vscode-${kind}`;
    const classes = ['standalone', `vscode-${kind}`];
    // VS Code sets both classes for its light high-contrast theme.
    if (kind === 'high-contrast-light') classes.push('vscode-high-contrast');
    document.body.className = classes.join(' ');
  };
  for (const query of queries) query.addEventListener('change', apply);
  apply();
}

/** Keeps answers until the theme changes: asking the page for a style makes it lay itself out. */
function ofTheme<T>(read: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  let version = -1;
  return (name) => {
    if (version !== theme.peek().version) known.clear();
    version = theme.peek().version;
    const found = known.get(name) ?? read(name);
    known.set(name, found);
    return found;
  };
}

/** The text of a custom property. */
export const cssText = ofTheme((name) => getComputedStyle(document.body).getPropertyValue(name).trim());

/** The color that a custom property has now, as numbers and opacity in [0, 1]. */
export const cssColor = ofTheme((name) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = cssText(name) || '#888888';
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 255] = context.getImageData(0, 0, 1, 1).data;
  const rgb: Rgb = [r, g, b];
  return { rgb, alpha: a / 255 };
});
