/** Elements with text, never with markup: what a stranger's file says is only ever shown as text. */

export function element(name: string, attributes: Readonly<Record<string, string>>, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const SHAPES = {
  good: 'M20 3a17 17 0 1 0 0 34a17 17 0 1 0 0-34M12 20l6 6l11-12',
  unsure: 'M20 3a17 17 0 1 0 0 34a17 17 0 1 0 0-34M14.5 15a5.5 5.5 0 1 1 8 5c-2 1-2.5 2-2.5 4M20 29v.5',
  bad: 'M20 4L38 35H2zM20 15v10M20 29.5v.5',
};

/** Tells the verdict apart without colour; the words beside it say it to a screen reader. */
export function icon(tone: keyof typeof SHAPES): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 40 40');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  for (const [key, value] of Object.entries({
    d: SHAPES[tone],
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': '3',
    'stroke-linecap': 'round',
  })) {
    path.setAttribute(key, value);
  }
  svg.append(path);
  return svg;
}
