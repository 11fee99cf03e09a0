/**
 * A view as an SVG picture of its own: text, lines and bars as vectors where the browser has laid them out, maps as the
 * images that their canvases hold. Controls are left out.
 */
import { escaped } from '../../../src/base/escaped';

const svgNamespace = 'http://www.w3.org/2000/svg';
const margin = 16;
const lineHeight = 16;

/** What an SVG inside of the page looks like by its classes, which the picture does not have. */
const inlined = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
] as const;

const controls = 'vscode-button, vscode-dropdown, vscode-text-field, input, select';
const leftOut = `${controls}, [data-not-in-picture], .sr`;
const drawn = 'canvas, img, svg[role=img]';

export interface Picture {
  /** XML. */
  text: string;
  /** CSS pixels. */
  width: number;
  height: number;
}

/** @param notes lines below the view: what was selected */
export function svgOf(view: Element, title: string, notes: readonly string[]): Picture {
  const parts: Parts = [];
  const defs: string[] = [];
  // What is scrolled out of sight belongs to the picture; laid out for this moment only, before anything is painted.
  view.classList.add('taken');
  try {
    collect(view, parts, defs);
  } finally {
    view.classList.remove('taken');
  }
  const boxes = parts.map(({ box }) => box);
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.right));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  const known = parts.length > 0;
  const body = document.body;
  const style = getComputedStyle(body);
  const font = style.fontFamily.replaceAll('"', "'");
  const lines = wrapped(notes, Math.max(320, known ? right - left : 0, widthOf(title, 13, font)), font);
  const textWidth = Math.max(...[title, ...lines].map((line, i) => widthOf(line, i ? 11 : 13, font)));
  const width = Math.ceil(Math.max(known ? right - left : 0, textWidth) + 2 * margin);
  const head = margin + lineHeight + 8;
  const inner = known ? bottom - top : 0;
  const height = Math.ceil(head + inner + 12 + lines.length * lineHeight + margin / 2);
  const ink = style.getPropertyValue('--fg').trim() || style.color;
  const surface = style.getPropertyValue('--surface').trim() || style.backgroundColor;
  const line = (content: string, y: number, size: number, weight = 400): string =>
    `<text x="${margin}" y="${round(y)}" font-family="${escaped(font)}" font-size="${size}" font-weight="${weight}" fill="${escaped(ink)}">${escaped(content)}</text>`;
  const text = [
    `<svg xmlns="${svgNamespace}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(notes.join('\n'))}</desc>`,
    defs.length > 0 ? `<defs>${defs.join('')}</defs>` : '',
    `<rect width="${width}" height="${height}" fill="${escaped(surface)}"/>`,
    line(title, margin + 12, 13, 600),
    known
      ? `<g transform="translate(${round(margin - left)} ${round(head - top)})">${parts.map(({ xml }) => xml).join('')}</g>`
      : '',
    ...lines.map((note, i) => line(note, head + inner + 12 + (i + 1) * lineHeight - 4, 11)),
    '</svg>',
  ].join('');
  return { text, width, height };
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

type Parts = { box: Box; xml: string }[];

function collect(element: Element, parts: Parts, defs: string[]): void {
  if (element.matches(leftOut)) return;
  const style = getComputedStyle(element);
  // What is folded away has a place all the same. An element without a box of its own is asked through its children.
  if (style.display !== 'contents' && !element.checkVisibility({ visibilityProperty: true })) return;
  // The labels of controls go with them.
  if (element.querySelector(controls) && !element.querySelector(drawn)) return;
  const box = element.getBoundingClientRect();
  if (element instanceof SVGSVGElement) {
    if (box.width > 0) parts.push({ box, xml: chart(element, box) });
    return;
  }
  if (element instanceof HTMLCanvasElement || element instanceof HTMLImageElement) {
    const href = element instanceof HTMLCanvasElement ? canvasUrl(element) : element.src;
    if (href && box.width > 0) {
      parts.push({
        box,
        xml: `<image x="${round(box.left)}" y="${round(box.top)}" width="${round(box.width)}" height="${round(box.height)}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${escaped(href)}"/>`,
      });
    }
    return;
  }
  const shape = boxOf(box, style, defs);
  if (shape) parts.push({ box, xml: shape });
  for (const child of element.childNodes) {
    if (child instanceof Element) collect(child, parts, defs);
    else if (child instanceof Text) parts.push(...textOf(child, element, style));
  }
}

function canvasUrl(canvas: HTMLCanvasElement): string | undefined {
  return canvas.width > 0 && canvas.height > 0 ? canvas.toDataURL('image/png') : undefined;
}

/** The drawing inside, with the styles that its classes gave it. */
function chart(svg: SVGSVGElement, box: DOMRect): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  copies.forEach((node, i) => {
    const style = getComputedStyle(originals[i]!);
    for (const name of inlined) node.setAttribute(name, style.getPropertyValue(name));
    for (const name of ['class', 'style', 'role', 'tabindex']) node.removeAttribute(name);
  });
  copy.setAttribute('x', String(round(box.left)));
  copy.setAttribute('y', String(round(box.top)));
  copy.setAttribute('width', String(round(box.width)));
  copy.setAttribute('height', String(round(box.height)));
  return new XMLSerializer().serializeToString(copy);
}

/** Background and border of an element, where it has any. */
function boxOf(box: DOMRect, style: CSSStyleDeclaration, defs: string[]): string | undefined {
  if (box.width === 0 || box.height === 0) return undefined;
  const stops = style.backgroundImage.startsWith('linear-gradient(90deg')
    ? (style.backgroundImage.match(/rgba?\([^)]*\)/g) ?? [])
    : [];
  let fill = visible(style.backgroundColor) ? style.backgroundColor : 'none';
  if (stops.length > 1) {
    const id = `g${defs.length}`;
    defs.push(
      `<linearGradient id="${id}">${stops
        .map((color, i) => `<stop offset="${round(i / (stops.length - 1))}" stop-color="${color}"/>`)
        .join('')}</linearGradient>`,
    );
    fill = `url(#${id})`;
  }
  const sides = (['Top', 'Right', 'Bottom', 'Left'] as const).map((side) => ({
    width: style[`border${side}Style`] === 'none' ? 0 : parseFloat(style[`border${side}Width`]),
    color: style[`border${side}Color`],
  }));
  // Hollow bars are drawn with a shadow inside.
  const inset = /^(rgba?\([^)]*\)) 0px 0px 0px (\d+(?:\.\d+)?)px inset$/.exec(style.boxShadow);
  if (inset) for (const side of sides) Object.assign(side, { width: Number(inset[2]), color: inset[1]! });
  const all = sides.every(({ width, color }) => width > 0 && visible(color));
  const radius = parseFloat(style.borderTopLeftRadius) || 0;
  const out: string[] = [];
  if (fill !== 'none' || all) {
    const half = all ? sides[0]!.width / 2 : 0;
    out.push(
      `<rect x="${round(box.left + half)}" y="${round(box.top + half)}" width="${round(Math.max(0, box.width - 2 * half))}" height="${round(Math.max(0, box.height - 2 * half))}"${radius ? ` rx="${radius}"` : ''} fill="${fill}"${all ? ` stroke="${sides[0]!.color}" stroke-width="${sides[0]!.width}"` : ''}/>`,
    );
  }
  if (!all) {
    const ends: [number, number, number, number][] = [
      [box.left, box.top, box.right, box.top],
      [box.right, box.top, box.right, box.bottom],
      [box.left, box.bottom, box.right, box.bottom],
      [box.left, box.top, box.left, box.bottom],
    ];
    sides.forEach(({ width, color }, i) => {
      if (width === 0 || !visible(color)) return;
      const [x1, y1, x2, y2] = ends[i]!;
      out.push(
        `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${color}" stroke-width="${width}"/>`,
      );
    });
  }
  return out.length > 0 ? out.join('') : undefined;
}

function visible(color: string): boolean {
  return color !== 'transparent' && !/,\s*0\)$/.test(color) && !/\/\s*0\)$/.test(color);
}

/** One text element for each line that the browser broke the text into. */
function textOf(node: Text, parent: Element, style: CSSStyleDeclaration): Parts {
  const content = node.data;
  if (!content.trim()) return [];
  const range = document.createRange();
  const lines: { text: string; box: Box }[] = [];
  for (const match of content.matchAll(/\S+\s*/g)) {
    range.setStart(node, match.index);
    range.setEnd(node, match.index + match[0].trimEnd().length);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    const last = lines.at(-1);
    if (last && Math.abs(last.box.top - box.top) < 2) {
      last.text += match[0];
      last.box = { ...last.box, right: box.right };
    } else {
      lines.push({
        text: match[0],
        box: { left: box.left, top: box.top, right: box.right, bottom: box.bottom },
      });
    }
  }
  const size = parseFloat(style.fontSize);
  const context = measuring();
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText('x');
  // What the page cuts off with an ellipsis is cut here, too.
  const limit =
    style.textOverflow === 'ellipsis' &&
    style.overflowX !== 'visible' &&
    parent.scrollWidth > parent.clientWidth
      ? parent.getBoundingClientRect().right
      : Infinity;
  return lines.map(({ text, box }) => {
    const shown = text.trimEnd();
    const cut =
      box.right > limit
        ? `${shown.slice(0, Math.max(0, Math.floor((shown.length * (limit - box.left)) / (box.right - box.left)) - 1))}…`
        : shown;
    const baseline = (box.top + box.bottom) / 2 + (ascent - descent) / 2;
    return {
      box: { ...box, right: Math.min(box.right, limit) },
      xml: `<text x="${round(box.left)}" y="${round(baseline)}" font-family="${escaped(style.fontFamily.replaceAll('"', "'"))}" font-size="${size}" font-weight="${style.fontWeight}" fill="${style.color}">${escaped(cut)}</text>`,
    };
  });
}

let context: CanvasRenderingContext2D | undefined;
function measuring(): CanvasRenderingContext2D {
  context ??= document.createElement('canvas').getContext('2d')!;
  return context;
}

function widthOf(line: string, size: number, font: string): number {
  const measure = measuring();
  measure.font = `600 ${size}px ${font}`;
  return measure.measureText(line).width;
}

function wrapped(notes: readonly string[], width: number, font: string): string[] {
  return notes.flatMap((note) => {
    const lines: string[] = [];
    for (const word of note.split(' ')) {
      const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
      if (lines.length > 0 && widthOf(longer, 11, font) <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;
