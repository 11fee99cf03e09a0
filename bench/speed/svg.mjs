// What the pictures share: text that is safe in SVG, and colors that read on light and dark pages.

export const colors = { tensorflow: '#0072b2', onnxruntime: '#d55e00' };

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

export const text = (x, y, content, extra = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${extra}>${escaped(content)}</text>`;

export const line = (x1, y1, x2, y2, className) =>
  `<line class="${className}" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;

/** A filled mark: a circle for TensorFlow, a square for ONNX Runtime, so that color is not all that tells them apart. */
export function mark(backend, x, y) {
  const fill = colors[backend];
  return backend === 'tensorflow'
    ? `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4.5" fill="${fill}"/>`
    : `<rect x="${(x - 4).toFixed(1)}" y="${(y - 4).toFixed(1)}" width="8" height="8" fill="${fill}"/>`;
}

export function svg(width, height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title).replace(/"/g, '&quot;')}">
<style>text{fill:#555}.title{font-size:14px;font-weight:600}.strong{font-weight:600}.grid{stroke:#8884;stroke-width:1}.one{stroke:#888;stroke-width:1.5}.ideal{stroke:#888;stroke-width:1;stroke-dasharray:4 4}@media(prefers-color-scheme:dark){text{fill:#bbb}}</style>
${parts.join('\n')}
</svg>
`;
}
